/**
 * A list over several lines that lacks a comma. The line ends there (see grammar/line-ends.ts), so the list falls apart
 * into lines that make no sense; this puts them together again, so that one comma costs one diagnostic.
 */
import type { IToken } from "chevrotain";
import { isOneOf } from "../../grammar/line-ends.js";
import { parseTokens } from "../../grammar/parser.js";
import { Comma } from "../../grammar/tokens.js";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic, Fix, Label } from "../diagnostics/diagnostic.js";
import type { SourceFile } from "./ast.js";
import type { Line } from "./lines.js";
import { CLOSERS, closerOf, OPENERS, openBrackets, WANTS_VALUE } from "./slip.js";
import { endOf, madeUp } from "./spans.js";

/** Lines, and bracket levels, that one list may plausibly take. */
const MOST_JOINED = 100;
const MOST_OPENED = 8;

export interface Joined {
  readonly line: Line;
  /** how many lines went into it */
  readonly used: number;
  readonly mistake: Diagnostic;
}

/** Lines that make sense once joined: a bracket opens in the first and closes in the last, and a comma was forgotten. */
export function joinUnclosed(source: SourceFile, lines: readonly Line[], at: number): Joined | undefined {
  const first = lines[at]!;
  if (first.block || first.head.length === 0 || openBrackets(first.head).length === 0) return undefined;
  const heads = [...first.head];
  const opened = netBrackets(first.head);
  let depth = opened;
  for (let next = at + 1; next < Math.min(lines.length, at + MOST_JOINED); next++) {
    const { head, block } = lines[next]!;
    depth += netBrackets(head);
    if (block || head.length === 0 || depth > opened + MOST_OPENED) return undefined;
    const commaThere = isOneOf(heads.at(-1), WANTS_VALUE) || isOneOf(head[0], CLOSERS);
    if (!commaThere) heads.push(madeUp(Comma, ",", endOf(heads.at(-1)!)));
    for (const token of head) heads.push(token);
    if (depth > 0) continue;
    if (parseTokens(heads).stop) return undefined;
    return { line: { ...first, head: heads }, used: next - at + 1, mistake: missingComma(source, first.head) };
  }
  return undefined;
}

function netBrackets(head: readonly IToken[]): number {
  const closing = head.filter((token) => isOneOf(token, CLOSERS)).length;
  return head.filter((token) => isOneOf(token, OPENERS)).length - closing;
}

function missingComma(source: SourceFile, head: readonly IToken[]): Diagnostic {
  const open = openBrackets(head).at(-1)!;
  const end = endOf(head.at(-1)!);
  const semicolon = /^\s*;/.exec(source.text.slice(end));
  const found = semicolon ? "`;`" : "the end of the line";
  const params = { expected: `\`,\` or \`${closerOf(open).image}\``, found };
  const length = semicolon ? semicolon[0].length : 0;
  const fix: Fix = { source, span: { start: end, end: end + length }, text: "," };
  const start = end + Math.max(0, length - 1);
  const primary: Label = { source, span: { start, end: start + 1 } };
  return diagnose("MOE1001", params, { primary, help: [{ text: "write `,` here", fix }] });
}
