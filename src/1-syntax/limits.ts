/**
 * The caps of stage 1. A real spec has a few hundred lines; beyond these numbers a file is a mistake or an attack, and
 * it is refused before anything recurses into it.
 */
import type { IToken } from "chevrotain";
import { isOneOf } from "../../grammar/line-ends.js";
import {
  LeftCurly,
  LeftParen,
  LeftSquare,
  LineEnd,
  RightCurly,
  RightParen,
  RightSquare,
} from "../../grammar/tokens.js";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { SourceFile } from "./ast.js";
import { OPERATORS } from "./slip.js";
import { spanOf } from "./spans.js";

/** Characters of one file. */
export const MAX_FILE_LENGTH = 1_000_000;

/** Brackets inside brackets, of all kinds together. */
export const MAX_NESTING = 64;

/** Operators in one entry; a tree of them is as deep as they are many. */
export const MAX_OPERATORS = 256;

export interface Limited {
  readonly tokens: readonly IToken[];
  readonly mistake: Diagnostic | undefined;
  /** the offset from which the file was not read */
  readonly cut: number | undefined;
}

/** Ends the file before the first line that is nested too deeply or has too many operators. */
export function cutAtLimits(source: SourceFile, tokens: readonly IToken[]): Limited {
  const counts = { braces: 0, brackets: 0, operators: 0 };
  let lineStart = 0;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (countToken(counts, token)) lineStart = at + 1;
    const mistake = overLimit(source, counts, token);
    if (mistake) return { tokens: tokens.slice(0, lineStart), mistake, cut: tokens[lineStart]!.startOffset };
  }
  return { tokens, mistake: undefined, cut: undefined };
}

interface Counts {
  braces: number;
  brackets: number;
  operators: number;
}

/** Counts one token; true when a new line starts behind it. */
function countToken(counts: Counts, token: IToken): boolean {
  if (isOneOf(token, [LeftParen, LeftSquare])) counts.brackets++;
  if (isOneOf(token, [RightParen, RightSquare])) counts.brackets = Math.max(0, counts.brackets - 1);
  if (isOneOf(token, OPERATORS)) counts.operators++;
  if (isOneOf(token, [LeftCurly])) counts.braces++;
  if (isOneOf(token, [RightCurly])) counts.braces = Math.max(0, counts.braces - 1);
  const ends = isOneOf(token, [LineEnd, RightCurly]);
  if (ends || isOneOf(token, [LeftCurly])) counts.operators = 0;
  if (ends) counts.brackets = 0;
  return ends || (isOneOf(token, [LeftCurly]) && counts.braces <= MAX_NESTING);
}

function overLimit(source: SourceFile, counts: Counts, token: IToken): Diagnostic | undefined {
  const primary = { source, span: spanOf(token) };
  if (counts.braces + counts.brackets > MAX_NESTING) return diagnose("MOE1016", { limit: MAX_NESTING }, { primary });
  if (counts.operators > MAX_OPERATORS) return diagnose("MOE1021", { limit: MAX_OPERATORS }, { primary });
  return undefined;
}
