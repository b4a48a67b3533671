/** Where tokens are: the step from chevrotain's offsets to our spans. */
import type { IToken, TokenType } from "chevrotain";
import { createTokenInstance } from "../../grammar/chevrotain.js";
import type { Span } from "./ast.js";

/** The offset one past a token's last character. */
export function endOf(token: IToken): number {
  return token.startOffset + token.image.length;
}

/** The characters of one token, or from the first to the last of two. */
export function spanOf(first: IToken, last: IToken = first): Span {
  return { start: first.startOffset, end: endOf(last) };
}

/** A token that nobody wrote: it has a place but no width in the file. */
export function madeUp(type: TokenType, image: string, offset: number): IToken {
  return createTokenInstance(type, image, offset, offset, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
}
