/**
 * The one way a `.moe` file looks: one entry a line, two spaces a level, at most one empty line, nothing aligned.
 * Comments, docs, numbers and texts stay as they were written; what the file means never changes.
 */
import type { IToken } from "chevrotain";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { SourceFile } from "./ast.js";
import { countLineEnds, isFirstOnLine } from "./docs.js";
import { formatHead } from "./fmt-head.js";
import { type Line, type LineBlock, toLines } from "./lines.js";
import { parse } from "./parse.js";
import { endOf } from "./spans.js";

const INDENT = "  ";

/** The formatted text of a file, with `\n` line ends; throws a DiagnosticError when the file has syntax errors. */
export function format(source: SourceFile): string {
  const { diagnostics, tokens, comments } = parse(source);
  if (diagnostics.some(({ severity }) => severity === "error")) throw new DiagnosticError(diagnostics);
  const printer: Printer = { text: source.text, comments, nextComment: 0, out: [], end: 0, first: true };
  printLines(printer, toLines(tokens), "");
  printComments(printer, Number.POSITIVE_INFINITY, "");
  return printer.out.map((line) => `${line}\n`).join("");
}

interface Printer {
  readonly text: string;
  readonly comments: readonly IToken[];
  /** the first comment that is not printed yet */
  nextComment: number;
  readonly out: string[];
  /** offset one past the last thing printed */
  end: number;
  /** whether nothing is printed yet in this block */
  first: boolean;
}

function printLines(printer: Printer, lines: readonly Line[], indent: string): void {
  for (const line of lines) {
    const [start, last] = [line.head[0]!, line.head.at(-1)!];
    printComments(printer, start.startOffset, indent);
    const pieces = [...line.head, ...takeComments(printer, endOf(last))].sort((a, b) => a.startOffset - b.startOffset);
    printOwnLine(printer, formatHead(printer.text, pieces, indent), start.startOffset, endOf(last));
    if (line.block) printBlock(printer, line.block, indent);
  }
}

function printBlock(printer: Printer, block: LineBlock, indent: string): void {
  const beforeBrace = takeComments(printer, block.open.startOffset);
  const empty = block.lines.length === 0 && !(nextStart(printer) < block.close.startOffset);
  appendToLast(printer, empty ? " {}" : " {");
  for (const comment of beforeBrace) appendToLast(printer, ` ${comment.image.trimEnd()}`);
  printer.first = true;
  printer.end = endOf(block.open);
  printLines(printer, block.lines, indent + INDENT);
  printComments(printer, block.close.startOffset, indent + INDENT);
  printer.first = false;
  printer.end = endOf(block.close);
  if (!empty) printer.out.push(`${indent}}`);
}

/** All comments before an offset, each behind the line it was written behind or on a line of its own. */
function printComments(printer: Printer, before: number, indent: string): void {
  for (const comment of takeComments(printer, before)) {
    const text = comment.image.trimEnd();
    if (printer.out.length > 0 && !isFirstOnLine(printer.text, comment.startOffset)) {
      appendToLast(printer, ` ${text}`);
      printer.end = endOf(comment);
    } else {
      printOwnLine(printer, indent + text, comment.startOffset, endOf(comment));
    }
  }
}

function printOwnLine(printer: Printer, text: string, start: number, end: number): void {
  if (!printer.first && countLineEnds(printer.text, printer.end, start) > 1) printer.out.push("");
  printer.out.push(text);
  printer.first = false;
  printer.end = end;
}

function appendToLast(printer: Printer, text: string): void {
  printer.out[printer.out.length - 1] += text;
}

function nextStart({ comments, nextComment }: Printer): number {
  return comments[nextComment]?.startOffset ?? Number.POSITIVE_INFINITY;
}

function takeComments(printer: Printer, before: number): readonly IToken[] {
  const from = printer.nextComment;
  while (nextStart(printer) < before) printer.nextComment++;
  return printer.comments.slice(from, printer.nextComment);
}
