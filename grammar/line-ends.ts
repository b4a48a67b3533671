/**
 * Which line ends count. None counts next to a brace, never two in a row, and none inside `( )` or `[ ]` as long as
 * the line plainly goes on: it ends in an opener, a comma, a colon or an operator, or the next line closes. Otherwise
 * the bracket was forgotten: the line end counts again, and one slip costs one line instead of the rest of the file.
 */
import type { IToken, TokenType } from "chevrotain";
import { tokenMatcher } from "./chevrotain.js";
import {
  AddOperator,
  Colon,
  Comma,
  CompareOperator,
  LeftCurly,
  LeftParen,
  LeftSquare,
  LineEnd,
  MultiplyOperator,
  RightCurly,
  RightParen,
  RightSquare,
} from "./tokens.js";

const LEAVES_OPEN = [LeftParen, LeftSquare, Comma, Colon, AddOperator, MultiplyOperator, CompareOperator];

/** Whether a token is of one of the given types. */
export function isOneOf(token: IToken | undefined, types: readonly TokenType[]): boolean {
  return token !== undefined && types.some((type) => tokenMatcher(token, type));
}

/** The tokens without the line ends that do not count. */
export function keepLineEndsThatCount(tokens: readonly IToken[]): IToken[] {
  const kept: IToken[] = [];
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const before = kept.at(-1);
    if (tokenMatcher(token, LineEnd)) {
      if (depth > 0 && lineGoesOn(before, token, tokens, i)) continue;
      depth = 0;
      if (before && !isOneOf(before, [LineEnd, LeftCurly])) kept.push(token);
      continue;
    }
    if (opensOnNextLine(token, before) || (isOneOf(token, [RightCurly]) && isOneOf(before, [LineEnd]))) kept.pop();
    if (isOneOf(token, [LeftParen, LeftSquare])) depth++;
    if (isOneOf(token, [RightParen, RightSquare])) depth = Math.max(0, depth - 1);
    kept.push(token);
  }
  if (isOneOf(kept.at(-1), [LineEnd])) kept.pop();
  return kept;
}

/** Inside brackets: whether the text continues on the next line. A `;` never does: it was written to end something. */
function lineGoesOn(before: IToken | undefined, end: IToken, tokens: readonly IToken[], at: number): boolean {
  if (end.image === ";") return false;
  if (isOneOf(before, LEAVES_OPEN)) return true;
  let next = at + 1;
  while (next < tokens.length && tokenMatcher(tokens[next]!, LineEnd) && tokens[next]!.image !== ";") next++;
  return isOneOf(tokens[next], [RightParen, RightSquare]);
}

/** A brace alone on its line belongs to the line above: no entry could start with it. */
function opensOnNextLine(token: IToken, before: IToken | undefined): boolean {
  return isOneOf(token, [LeftCurly]) && isOneOf(before, [LineEnd]) && before?.image !== ";";
}
