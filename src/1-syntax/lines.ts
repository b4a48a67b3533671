/**
 * Tokens as a tree of lines: a head, and below it the lines of its block. Works for every balanced list of tokens,
 * also where the heads make no sense, which is what recovery and the formatter need.
 */
import type { IToken } from "chevrotain";
import { tokenMatcher } from "../../grammar/chevrotain.js";
import { LeftCurly, LineEnd, RightCurly } from "../../grammar/tokens.js";
import { endOf, madeUp } from "./spans.js";

export interface Line {
  /** the tokens before the brace or the line end; empty only for a brace without a head */
  readonly head: readonly IToken[];
  readonly block: LineBlock | undefined;
  /** whether the line follows a `}` without a line end between */
  readonly afterBlock: boolean;
}

export interface LineBlock {
  readonly open: IToken;
  readonly lines: readonly Line[];
  readonly close: IToken;
}

/** The lines of a list of tokens whose braces are balanced. */
export function toLines(tokens: readonly IToken[]): readonly Line[] {
  return readLines({ tokens, at: 0 });
}

interface Cursor {
  readonly tokens: readonly IToken[];
  at: number;
}

function readLines(cursor: Cursor): Line[] {
  const lines: Line[] = [];
  let afterBlock = false;
  for (;;) {
    const token = cursor.tokens[cursor.at];
    if (!token || tokenMatcher(token, RightCurly)) return lines;
    if (tokenMatcher(token, LineEnd)) {
      cursor.at++;
      afterBlock = false;
      continue;
    }
    const line = readLine(cursor, afterBlock);
    lines.push(line);
    afterBlock = line.block !== undefined;
  }
}

function readLine(cursor: Cursor, afterBlock: boolean): Line {
  const start = cursor.at;
  while (cursor.at < cursor.tokens.length && !endsHead(cursor.tokens[cursor.at]!)) cursor.at++;
  const head = cursor.tokens.slice(start, cursor.at);
  const open = cursor.tokens[cursor.at];
  if (!open || !tokenMatcher(open, LeftCurly)) return { head, block: undefined, afterBlock };
  cursor.at++;
  const lines = readLines(cursor);
  const close = cursor.tokens[cursor.at++]!;
  return { head, block: { open, lines, close }, afterBlock };
}

function endsHead(token: IToken): boolean {
  return tokenMatcher(token, LineEnd) || tokenMatcher(token, LeftCurly) || tokenMatcher(token, RightCurly);
}

/** The tokens of lines, with one line end between two of them. */
export function toTokens(lines: readonly Line[]): IToken[] {
  const tokens: IToken[] = [];
  addLines(tokens, lines);
  return tokens;
}

function addLines(tokens: IToken[], lines: readonly Line[]): void {
  for (const [at, { head, block }] of lines.entries()) {
    if (at > 0) tokens.push(madeUp(LineEnd, "\n", endOf(tokens.at(-1)!)));
    // one by one: a line may have more tokens than a call may have arguments
    for (const token of head) tokens.push(token);
    if (!block) continue;
    tokens.push(block.open);
    addLines(tokens, block.lines);
    tokens.push(block.close);
  }
}
