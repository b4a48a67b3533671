/** One diagnostic, one line: for editors, grep and logs. `specs/a.moe:3:7: error[MOE1001]: …` */
import type { Diagnostic } from "../diagnostic.js";
import { lineColumn } from "../line-column.js";

/** The diagnostic without its labels and help. */
export function renderOneLine(diagnostic: Diagnostic): string {
  const { primary, severity, code } = diagnostic;
  const message = diagnostic.message.replace(/\s*[\r\n]+\s*/g, " ");
  if (!primary) return `${severity}[${code}]: ${message}`;
  const { line, column } = lineColumn(primary.source, primary.span.start);
  return `${primary.source.path}:${line}:${column}: ${severity}[${code}]: ${message}`;
}
