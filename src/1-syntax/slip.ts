/** One line that the grammar refuses, and what the explanations of mistakes ask about it. */
import type { IToken, TokenType } from "chevrotain";
import { tokenMatcher } from "../../grammar/chevrotain.js";
import { isOneOf } from "../../grammar/line-ends.js";
import { touches } from "../../grammar/parser.js";
import {
  AddOperator,
  Colon,
  Comma,
  CompareOperator,
  Dot,
  Equals,
  LeftCurly,
  LeftParen,
  LeftSquare,
  Let,
  MultiplyOperator,
  Name,
  NumberToken,
  RightParen,
  RightSquare,
  StringToken,
} from "../../grammar/tokens.js";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.js";
import type { SourceFile, Span } from "./ast.js";
import { endOf, spanOf } from "./spans.js";

export interface Slip {
  readonly source: SourceFile;
  /** the head of the line */
  readonly head: readonly IToken[];
  /** the brace that follows the head */
  readonly open: IToken | undefined;
  /** index into `head` of the first token that does not fit; its length when the head itself is fine so far */
  readonly at: number;
  /** that token, the brace, or nothing at the end of the line */
  readonly found: IToken | undefined;
  /** the token before it */
  readonly before: IToken | undefined;
  /** the brackets that are open there, innermost last */
  readonly brackets: readonly IToken[];
}

/** What went wrong, and the line as it was probably meant. */
export interface Mistake {
  readonly diagnostic: Diagnostic;
  readonly repaired?: readonly IToken[];
}

/** Recognises one kind of mistake, or passes. */
export type Explanation = (slip: Slip) => Mistake | undefined;

/** Tokens that stand for a value or start one. */
export const VALUES: readonly TokenType[] = [NumberToken, StringToken, Name, LeftParen, LeftSquare];
export const OPENERS: readonly TokenType[] = [LeftParen, LeftSquare];
export const CLOSERS: readonly TokenType[] = [RightParen, RightSquare];
export const OPERATORS: readonly TokenType[] = [AddOperator, MultiplyOperator, CompareOperator];
/** Tokens after which a value must come. */
export const WANTS_VALUE: readonly TokenType[] = [Equals, Comma, Colon, LeftParen, LeftSquare, ...OPERATORS];

/** Gathers what is known about a line at the token where the parser stopped. */
export function slipAt(source: SourceFile, head: readonly IToken[], open: IToken | undefined, at: number): Slip {
  const brackets = openBrackets(head.slice(0, at));
  return { source, head, open, at, found: head[at] ?? open, before: head[at - 1], brackets };
}

/** The brackets that tokens leave open, innermost last; a closer of the wrong kind closes nothing. */
export function openBrackets(tokens: readonly IToken[]): IToken[] {
  const open: IToken[] = [];
  for (const token of tokens) {
    if (isOneOf(token, OPENERS)) open.push(token);
    if (isOneOf(token, CLOSERS) && open.at(-1) && closerOf(open.at(-1)!).image === token.image) open.pop();
  }
  return open;
}

/** Commas, colons, points and operators at the end belong to a value that never came. */
export function withoutLooseEnds(tokens: readonly IToken[]): readonly IToken[] {
  let end = tokens.length;
  while (end > 1 && isOneOf(tokens[end - 1], [Comma, Colon, Dot, ...OPERATORS])) end--;
  return tokens.slice(0, end);
}

/** The closing bracket of an opening one. */
export function closerOf(opener: IToken): { readonly type: TokenType; readonly image: ")" | "]" } {
  return opener.image === "(" ? { type: RightParen, image: ")" } : { type: RightSquare, image: "]" };
}

/** The opening bracket of a closing one, as text. */
export function openerText(closer: IToken): "(" | "[" {
  return closer.image === ")" ? "(" : "[";
}

/** Whether the innermost open bracket holds arguments: `f(` with the bracket touching the name. */
export function insideArguments(slip: Slip): boolean {
  const open = slip.brackets.at(-1);
  if (open?.image !== "(") return false;
  const at = slip.head.indexOf(open);
  return at > 1 && tokenMatcher(slip.head[at - 1]!, Name) && touches(slip.head[at - 1]!, open);
}

/** Whether the line sets a name: `name = …`, `let name = …`. */
export function isAssign(slip: Slip): boolean {
  const at = slip.head[0] && tokenMatcher(slip.head[0], Let) ? 2 : 1;
  return isOneOf(slip.head[at], [Equals]) && slip.at > at;
}

/** A token in the user's words. */
export function describe(token: IToken | undefined): string {
  if (!token) return "the end of the line";
  if (isOneOf(token, [NumberToken])) return `the number \`${token.image}\``;
  if (isOneOf(token, [StringToken])) return `the text ${shorten(token.image)}`;
  if (isOneOf(token, [LeftCurly])) return "a block `{`";
  return `\`${shorten(token.image)}\``;
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

/** The place of a token; without one, the place just behind the line. */
export function placeOf(slip: Slip, token: IToken | undefined, text?: string): Label {
  const { source, head } = slip;
  const end = head.length > 0 ? endOf(head.at(-1)!) : 0;
  const span: Span = token ? spanOf(token) : { start: end, end: end + 1 };
  return { source, span, ...(text !== undefined && { text }) };
}

/** The head with some tokens taken out and others put in. */
export function spliced(slip: Slip, at: number, remove: number, ...insert: readonly IToken[]): readonly IToken[] {
  return [...slip.head.slice(0, at), ...insert, ...slip.head.slice(at + remove)];
}

/** Source text from one token to another, inclusive. */
export function textOf(slip: Slip, from: IToken, to: IToken): string {
  return slip.source.text.slice(from.startOffset, endOf(to));
}
