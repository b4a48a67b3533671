/**
 * The layout of one entry without its block. Normally one line. Where it holds comments or is too long, its brackets
 * are opened: one item a line, the closer on a line of its own. Nothing is ever aligned.
 */
import type { IToken } from "chevrotain";
import { tokenMatcher } from "../../grammar/chevrotain.js";
import { isOneOf } from "../../grammar/line-ends.js";
import { touches } from "../../grammar/parser.js";
import { Colon, Comma, Comment, Doc, Dot, MultiplyOperator, Name } from "../../grammar/tokens.js";
import { isFirstOnLine } from "./docs.js";
import { CLOSERS, OPENERS } from "./slip.js";

/** Longer lines have their brackets opened. */
const WIDTH = 100;
const INDENT = "  ";

/** Lays out the tokens of a head and the comments between them, all in text order; lines are joined by `\n`. */
export function formatHead(text: string, pieces: readonly IToken[], indent: string): string {
  const head = measure(text, pieces);
  const printer: Printer = { head, lines: [], line: indent, indent, breakNext: false, open: [] };
  for (let at = 0; at < pieces.length; at++) printPiece(printer, at);
  return [...printer.lines, printer.line].join("\n");
}

/** A token as it stands on a single line. */
interface Piece {
  readonly token: IToken;
  readonly comment: boolean;
  /** a comment on a line of its own */
  readonly ownLine: boolean;
  /** what stands before it when both are on one line */
  readonly space: "" | " ";
  /** for an opener the index of its closer */
  readonly closer: number | undefined;
}

interface Printer {
  readonly head: readonly Piece[];
  readonly lines: string[];
  line: string;
  indent: string;
  /** whether the next token starts a line */
  breakNext: boolean;
  /** of each open bracket, whether its items stand on lines of their own */
  readonly open: boolean[];
}

function printPiece(printer: Printer, at: number): void {
  const { token, comment, ownLine, space, closer } = printer.head[at]!;
  if (comment) {
    printComment(printer, token, ownLine);
    return;
  }
  if (isOneOf(token, CLOSERS) && printer.open.pop()) {
    printer.indent = printer.indent.slice(INDENT.length);
    printer.breakNext = true;
  }
  if (printer.breakNext) breakLine(printer);
  else printer.line += space;
  const opens = closer !== undefined && mustOpen(printer, at, closer);
  printer.line += token.image;
  if (closer !== undefined) printer.open.push(opens);
  if (opens) printer.indent += INDENT;
  printer.breakNext = opens || (tokenMatcher(token, Comma) && printer.open.at(-1) === true);
}

function printComment(printer: Printer, token: IToken, ownLine: boolean): void {
  if (ownLine) breakLine(printer);
  else printer.line += " ";
  printer.line += token.image.trimEnd();
  printer.breakNext = true;
}

function breakLine(printer: Printer): void {
  printer.lines.push(printer.line);
  printer.line = printer.indent;
  printer.breakNext = false;
}

/** Whether the items of a bracket need lines of their own. `([ … ])` opens the inner bracket only. */
function mustOpen({ head, line }: Printer, at: number, closer: number): boolean {
  if (closer === at + 1) return false;
  if (head[at + 1]!.closer === closer - 1) return false;
  const inside = head.slice(at + 1, closer);
  if (inside.some((piece) => piece.comment)) return true;
  return line.length + widthOf(head, at, closer) > WIDTH;
}

/** The width of a bracket on one line, with what cannot be parted from it. */
function widthOf(head: readonly Piece[], at: number, closer: number): number {
  let end = closer + 1;
  while (end < head.length && head[end]!.closer === undefined && !head[end]!.comment) {
    if (tokenMatcher(head[end++]!.token, Comma)) break;
  }
  return head
    .slice(at, end)
    .reduce((sum, { token, space }) => sum + space.length + token.image.length, -head[at]!.space.length);
}

// --- spaces -----------------------------------------------------------------------

function measure(text: string, pieces: readonly IToken[]): readonly Piece[] {
  const closers = matchBrackets(pieces);
  const tight = tightOpeners(pieces, closers);
  let depth = 0;
  return pieces.map((token, at) => {
    if (isOneOf(token, CLOSERS)) depth--;
    const comment = isOneOf(token, [Comment, Doc]);
    const ownLine = comment && isFirstOnLine(text, token.startOffset);
    const space = comment || tight.has(at) ? "" : spaceBetween(pieces[at - 1], token, depth);
    if (closers.has(at)) depth++;
    return { token, comment, ownLine, space, closer: closers.get(at) };
  });
}

function spaceBetween(before: IToken | undefined, token: IToken, depth: number): "" | " " {
  if (!before || isOneOf(before, [...OPENERS, Dot]) || isOneOf(token, [...CLOSERS, Comma, Colon, Dot])) return "";
  // `k/E` reads as one thing among arguments; a line like `batch = 8 * context` has room
  const product = isOneOf(before, [MultiplyOperator]) || isOneOf(token, [MultiplyOperator]);
  return product && depth > 0 ? "" : " ";
}

/** From the index of each opener to that of its closer. */
function matchBrackets(pieces: readonly IToken[]): ReadonlyMap<number, number> {
  const closers = new Map<number, number>();
  const open: number[] = [];
  for (const [at, token] of pieces.entries()) {
    if (isOneOf(token, OPENERS)) open.push(at);
    if (isOneOf(token, CLOSERS)) closers.set(open.pop()!, at);
  }
  return closers;
}

/** Brackets that belong to the name they touch: `f(x)`, `t[i]`, `f(x)[i]`. The first word of an entry takes none. */
function tightOpeners(pieces: readonly IToken[], closers: ReadonlyMap<number, number>): ReadonlySet<number> {
  const tight = new Set<number>();
  const argumentEnds = new Set<number>();
  for (const [at, closer] of [...closers].sort(([a], [b]) => a - b)) {
    const before = pieces[at - 1];
    if (!before || !touches(before, pieces[at]!)) continue;
    const ofName = at > 1 && tokenMatcher(before, Name);
    const ofCall = pieces[at]!.image === "[" && argumentEnds.has(at - 1);
    if (!ofName && !ofCall) continue;
    tight.add(at);
    if (pieces[at]!.image === "(") argumentEnds.add(closer);
  }
  return tight;
}
