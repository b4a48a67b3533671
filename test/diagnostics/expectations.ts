/**
 * Diagnostics as comments under the line they are about. A fixture is a `.moe` file that carries its own expectations:
 *
 *     heads: 8
 *   //     ^ error[MOE1011] `:` names arguments …
 *   //     help: …
 *
 * `stripExpectations` takes them out, `annotate` puts the actual ones in; a test compares the two. Carets need column 3
 * or more, so fixtures are indented by two spaces.
 */
import type { Diagnostic, Label } from "../../src/diagnostics/diagnostic.js";
import { lineColumn } from "../../src/diagnostics/line-column.js";

const EXPECTATION = /^\s*\/\/ *(\^+|-+|help:|\[MOE\d+\])(\s|$)/;

/** The file without its expectations. */
export function stripExpectations(text: string): string {
  return text
    .split("\n")
    .filter((line) => !EXPECTATION.test(line))
    .join("\n");
}

/** The file with each diagnostic under its line; those without a place at the end. */
export function annotate(text: string, diagnostics: readonly Diagnostic[]): string {
  const below = new Map<number, string[]>();
  const lines = text.split("\n");
  for (const diagnostic of diagnostics) {
    for (const { line, comment } of commentsOf(diagnostic, lines.length)) {
      below.set(line, [...(below.get(line) ?? []), comment]);
    }
  }
  return lines.flatMap((line, i) => [line, ...(below.get(i + 1) ?? [])]).join("\n");
}

interface Expectation {
  /** 1-based line under which the comment goes */
  readonly line: number;
  readonly comment: string;
}

function commentsOf(diagnostic: Diagnostic, lastLine: number): Expectation[] {
  const { code, severity, message, primary, secondary = [], help = [] } = diagnostic;
  if (!primary) return [{ line: lastLine, comment: `// [${code}] ${severity} ${message}` }];
  const label = primary.text === undefined ? "" : ` (${primary.text})`;
  const main = underline(primary, "^", `${severity}[${code}] ${message}${label}`);
  return [
    main,
    ...help.map(({ text, fix }) => ({ line: main.line, comment: `// help: ${text}${fix ? " (fix)" : ""}` })),
    ...secondary.map((each) => underline(each, "-", `[${code}] ${each.text ?? ""}`)),
  ];
}

function underline({ source, span }: Label, sign: string, text: string): Expectation {
  const { line, column } = lineColumn(source, span.start);
  if (column < 3)
    throw new Error(`${source.path}:${line}: indent the fixture, a caret cannot stand in column ${column}`);
  const end = lineColumn(source, span.end);
  const width = end.line === line ? Math.max(1, end.column - column) : 1;
  return { line, comment: `//${" ".repeat(column - 3)}${sign.repeat(width)} ${text}` };
}
