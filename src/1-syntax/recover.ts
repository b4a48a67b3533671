/**
 * Recovery: each line that the grammar refuses costs one diagnostic and is replaced by what was probably meant, or by
 * as much of it as makes sense; all other lines stay. It uses what the language promises (a line is a fact, blocks are
 * balanced), so a mistake never spreads.
 */
import type { IToken } from "chevrotain";
import { parseTokens } from "../../grammar/parser.js";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { SourceFile, Span } from "./ast.js";
import { explainMistake } from "./explain-mistake.js";
import { joinUnclosed } from "./join-lines.js";
import { type Line, toLines } from "./lines.js";
import { closerOf, describe, openBrackets, slipAt, withoutLooseEnds } from "./slip.js";
import { endOf, madeUp, spanOf } from "./spans.js";

export interface Recovered {
  /** only lines that the grammar accepts */
  readonly lines: readonly Line[];
  readonly mistakes: readonly Diagnostic[];
  /** the lines that were changed or dropped */
  readonly broken: readonly Span[];
}

/** Whether a line already has a mistake that the lexer found; it is then repaired without a second one. */
export type KnownBroken = (span: Span) => boolean;

/** Makes every line of a file acceptable, with one diagnostic for each that was not. */
export function recover(source: SourceFile, lines: readonly Line[], known: KnownBroken): Recovered {
  const context: Context = { source, known, mistakes: [], broken: [] };
  const kept = recoverLines(context, lines);
  return { lines: kept, mistakes: context.mistakes, broken: context.broken };
}

/** After so many mistakes nobody reads on, and the rest of the file is left out. */
const MOST_MISTAKES = 500;

interface Context {
  readonly source: SourceFile;
  readonly known: KnownBroken;
  readonly mistakes: Diagnostic[];
  readonly broken: Span[];
}

function recoverLines(context: Context, lines: readonly Line[]): Line[] {
  const kept: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (context.mistakes.length >= MOST_MISTAKES) break;
    const joined = joinUnclosed(context.source, lines, at);
    if (joined) {
      report(context, lines[at]!, joined.mistake);
      kept.push(joined.line);
      at += joined.used - 1;
      continue;
    }
    kept.push(...recoverLine(context, lines[at]!));
  }
  return kept;
}

function recoverLine(context: Context, line: Line): readonly Line[] {
  const body = line.block && recoverLines(context, line.block.lines);
  const block = line.block && { ...line.block, lines: body! };
  const follows = line.afterBlock && line.head.length > 0;
  if (follows) report(context, line, expectedLineEnd(context.source, line));
  const stop = stopOf(line);
  if (stop === undefined) return [{ ...line, block }];
  const slip = slipAt(context.source, line.head, line.block?.open, stop);
  const mistake = explainMistake(slip);
  if (!follows) report(context, line, mistake.diagnostic);
  // what the lexer could not read makes any repair a guess: then only what is before it is kept
  const repaired = context.known(spanOfLine(line)) ? undefined : mistake.repaired;
  const before = line.head.slice(0, stop);
  const heads = [repaired, before, withoutLooseEnds(before), block && line.head.slice(0, 1)];
  for (const head of heads) {
    const fitting = head && acceptable(head, line);
    if (fitting) return fitting.map((each) => (each.block ? { ...each, block } : each));
  }
  return [];
}

/** The index of the token at which the grammar refuses a line; nothing when the line is fine. */
function stopOf(line: Line): number | undefined {
  if (line.head.length === 0) return 0;
  const { stop } = parseTokens([...line.head, ...bracesOf(line)]);
  if (!stop) return undefined;
  const at = line.head.indexOf(stop.token);
  return at >= 0 ? at : line.head.length;
}

function bracesOf(line: Line): IToken[] {
  return line.block ? [line.block.open, line.block.close] : [];
}

/** The lines that a repaired head makes (a repair may split it), if the grammar accepts them. */
function acceptable(head: readonly IToken[], line: Line): readonly Line[] | undefined {
  if (!head[0]) return undefined;
  const tokens = [...closeBrackets(head), ...bracesOf(line)];
  return parseTokens(tokens).stop ? undefined : toLines(tokens);
}

function closeBrackets(head: readonly IToken[]): IToken[] {
  const end = endOf(head.at(-1)!);
  const missing = openBrackets(head).reverse().map(closerOf);
  return [...head, ...missing.map(({ type, image }) => madeUp(type, image, end))];
}

function report(context: Context, line: Line, diagnostic: Diagnostic): void {
  const span = spanOfLine(line);
  context.broken.push(span);
  if (!context.known(span)) context.mistakes.push(diagnostic);
}

function spanOfLine(line: Line): Span {
  const last = line.block?.open ?? line.head.at(-1)!;
  return spanOf(line.head[0] ?? last, last);
}

function expectedLineEnd(source: SourceFile, line: Line): Diagnostic {
  const first = line.head[0] ?? line.block!.open;
  const params = { expected: "the end of the line", found: describe(first) };
  const help = ["after `}` a new line starts, or a `;`"];
  return diagnose("MOE1001", params, { primary: { source, span: spanOf(first) }, help });
}
