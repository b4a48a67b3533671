/**
 * Stage 1: from text to the syntax tree. Every mistake becomes a diagnostic, everything that can still be understood
 * is in the tree, and no text makes it throw.
 */
import type { IToken } from "chevrotain";
import { keepLineEndsThatCount } from "../../grammar/line-ends.js";
import { parseTokens } from "../../grammar/parser.js";
import { capDiagnostics } from "../diagnostics/cap.js";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { lineIndexAt, lineStarts } from "../diagnostics/line-column.js";
import type { Ast, SourceFile, Span } from "./ast.js";
import { balanceBraces } from "./braces.js";
import { buildEntries } from "./build-ast.js";
import { docsBefore } from "./docs.js";
import { type Lexed, lex } from "./lex.js";
import { cutAtLimits, type Limited, MAX_FILE_LENGTH } from "./limits.js";
import { toLines, toTokens } from "./lines.js";
import { recover } from "./recover.js";

export interface ParseResult {
  readonly ast: Ast;
  /** in the order of the text, at most 50 and a note about the rest */
  readonly diagnostics: readonly Diagnostic[];
  /** lines that were repaired or dropped: what is missing or odd there is not worth a second diagnostic */
  readonly broken: readonly Span[];
  /** the tokens of the tree, for the formatter */
  readonly tokens: readonly IToken[];
  /** comments and docs in order, for the formatter */
  readonly comments: readonly IToken[];
}

/** Parses one file; never throws. */
export function parse(source: SourceFile): ParseResult {
  if (source.text.length > MAX_FILE_LENGTH) return tooLarge(source);
  const lexed = lex(source);
  const limited = cutAtLimits(source, keepLineEndsThatCount(lexed.tokens));
  if (lexed.mistakes.length > 0 || limited.mistake) return parseBroken(source, lexed, limited);
  const { cst } = parseTokens(limited.tokens);
  if (!cst) return parseBroken(source, lexed, limited);
  const entries = buildEntries(cst, docsBefore(source.text, lexed.comments));
  const { comments } = lexed;
  return { ast: { source, entries }, diagnostics: [], broken: [], tokens: limited.tokens, comments };
}

function tooLarge(source: SourceFile): ParseResult {
  const params = { length: source.text.length, limit: MAX_FILE_LENGTH };
  const primary = { source, span: { start: 0, end: 1 } };
  const diagnostics = [diagnose("MOE1015", params, { primary })];
  const broken = [{ start: 0, end: source.text.length }];
  return { ast: { source, entries: [] }, diagnostics, broken, tokens: [], comments: [] };
}

/** The long way: balance the braces, repair each refused line, then parse what is left as if it had been written so. */
function parseBroken(source: SourceFile, lexed: Lexed, limited: Limited): ParseResult {
  const balanced = balanceBraces(source, limited.tokens);
  const earlier = [
    ...lexed.mistakes,
    // after a cut the missing braces are ours
    ...(limited.mistake ? [limited.mistake] : balanced.mistakes),
  ];
  const recovered = recover(source, toLines(balanced.tokens), hasMistake(source, lexed.mistakes));
  const tokens = toTokens(recovered.lines);
  const { cst, stop } = parseTokens(tokens);
  const bug =
    stop && diagnose("MOE9001", { doing: "repairing a broken file", detail: `stuck at \`${stop.token.image}\`` });
  const diagnostics = inTextOrder([...earlier, ...recovered.mistakes, ...(bug ? [bug] : [])]);
  const broken = [...recovered.broken, ...earlier.flatMap((mistake) => mistake.primary?.span ?? [])];
  if (limited.cut !== undefined) broken.push({ start: limited.cut, end: source.text.length });
  const entries = cst ? buildEntries(cst, docsBefore(source.text, lexed.comments)) : [];
  const { comments } = lexed;
  return { ast: { source, entries }, diagnostics: capDiagnostics(diagnostics), broken, tokens, comments };
}

function inTextOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const start = (diagnostic: Diagnostic): number => diagnostic.primary?.span.start ?? Number.POSITIVE_INFINITY;
  return [...diagnostics].sort((a, b) => start(a) - start(b) || 0);
}

/** Whether a mistake is already known on one of the lines of a span. */
function hasMistake(source: SourceFile, mistakes: readonly Diagnostic[]): (span: Span) => boolean {
  const starts = lineStarts(source.text);
  const lines = new Set(mistakes.map((mistake) => lineIndexAt(starts, mistake.primary?.span.start ?? 0)));
  return ({ start, end }) => {
    if (lines.size === 0) return false;
    const last = lineIndexAt(starts, end);
    for (let line = lineIndexAt(starts, start); line <= last; line++) if (lines.has(line)) return true;
    return false;
  };
}
