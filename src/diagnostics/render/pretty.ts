/**
 * Diagnostics for people, in the layout of Rust's compiler: headline, place, the lines with what is to say under them,
 * then what to do. Labels in several files make one such block per file.
 */
import { createColors } from "picocolors";
import type { SourceFile } from "../../1-syntax/ast.js";
import type { Diagnostic, Label, Severity } from "../diagnostic.js";
import { lineColumn, lineIndexAt, lineStarts, lineText } from "../line-column.js";
import { cells, drawn } from "./display.js";

export interface PrettyOptions {
  /** whether to use terminal colours */
  readonly color: boolean;
}

type Colors = ReturnType<typeof createColors>;
type Paint = (text: string) => string;

interface Style {
  readonly bold: Paint;
  readonly frame: Paint;
  readonly severity: Paint;
  readonly help: Paint;
}

/** One diagnostic as several lines, without a line end after the last. */
export function renderPretty(diagnostic: Diagnostic, options: PrettyOptions): string {
  const style = styleOf(createColors(options.color), diagnostic.severity);
  const { severity, code, message, primary, help = [] } = diagnostic;
  return [
    `${style.severity(`${severity}[${code}]`)}${style.bold(`: ${message}`)}`,
    ...(primary ? renderPlaces(primary, diagnostic.secondary ?? [], style) : []),
    ...help.map(({ text }) => `${style.help("help:")} ${text.replaceAll("\n", "\n      ")}`),
  ].join("\n");
}

/** Several diagnostics with an empty line between, and a count of them at the end. */
export function renderAllPretty(diagnostics: readonly Diagnostic[], options: PrettyOptions): string {
  if (diagnostics.length === 0) return "";
  const blocks = diagnostics.map((diagnostic) => renderPretty(diagnostic, options));
  return `${[...blocks, countSeverities(diagnostics)].join("\n\n")}\n`;
}

function countSeverities(diagnostics: readonly Diagnostic[]): string {
  const severities: readonly Severity[] = ["error", "warning", "note"];
  const counts = severities.map((severity) => {
    const number = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return number === 0 ? "" : `${number} ${severity}${number === 1 ? "" : "s"}`;
  });
  return counts.filter((count) => count !== "").join(", ");
}

function styleOf(colors: Colors, severity: Severity): Style {
  const paints = { error: colors.red, warning: colors.yellow, note: colors.blue };
  return {
    bold: colors.bold,
    frame: colors.blue,
    severity: (text) => colors.bold(paints[severity](text)),
    help: colors.cyan,
  };
}

function renderPlaces(primary: Label, secondary: readonly Label[], style: Style): string[] {
  const marks = [{ ...primary, sign: "^" }, ...secondary.map((label) => ({ ...label, sign: "-" }))].map(toMark);
  const sources = [...new Set(marks.map((mark) => mark.source))];
  const width = Math.max(...marks.map((mark) => String(mark.line).length));
  return sources.flatMap((source) => {
    const own = marks.filter((mark) => mark.source === source);
    return renderSource(source, own, width, style);
  });
}

/** A label on one line of its file; a span over several lines is marked on its first. */
interface Mark {
  readonly source: SourceFile;
  readonly start: number;
  /** 1-based */
  readonly line: number;
  readonly lineText: string;
  /** cells before the mark */
  readonly indent: number;
  readonly signs: string;
  readonly text: string;
  readonly primary: boolean;
}

function toMark(label: Label & { readonly sign: string }): Mark {
  const { source, span, sign } = label;
  const starts = lineStarts(source.text);
  const start = Math.min(Math.max(0, span.start), source.text.length);
  const line = lineIndexAt(starts, start);
  const text = lineText(source.text, starts, line);
  const from = Math.min(start - starts[line]!, text.length);
  const marked = text.slice(from, Math.max(from, span.end - starts[line]!));
  return {
    source,
    start,
    line: line + 1,
    lineText: text,
    indent: cells(text.slice(0, from)),
    signs: sign.repeat(Math.max(1, cells(marked))),
    text: label.text ?? "",
    primary: sign === "^",
  };
}

function renderSource(source: SourceFile, marks: readonly Mark[], width: number, style: Style): string[] {
  const { line, column } = lineColumn(source, marks[0]!.start);
  const gutter = " ".repeat(width);
  const lines = [...new Set(marks.map((mark) => mark.line))].sort((a, b) => a - b);
  return [
    `${gutter}${style.frame("┌─")} ${source.path}:${line}:${column}`,
    ...lines.flatMap((number) => {
      const own = marks.filter((mark) => mark.line === number).sort((a, b) => a.indent - b.indent);
      const head = `${style.frame(`${String(number).padStart(width)}│`)} ${drawn(own[0]!.lineText)}`.trimEnd();
      return [head, ...own.map((mark) => `${gutter}${style.frame("│")} ${renderMark(mark, style)}`)];
    }),
  ];
}

function renderMark(mark: Mark, style: Style): string {
  const paint = mark.primary ? style.severity : style.frame;
  const text = mark.text.replace(/\s*[\r\n]+\s*/g, " ");
  return `${" ".repeat(mark.indent)}${paint(text ? `${mark.signs} ${text}` : mark.signs)}`;
}
