/** Diagnostics as GitHub workflow commands, which show up as annotations beside the changed lines. */
import type { Diagnostic, Severity } from "../diagnostic.js";
import { lineColumn } from "../line-column.js";

const COMMANDS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", note: "notice" };

/** One workflow command, e.g. `::error file=a.moe,line=3,col=7,title=MOE1001::…`. */
export function renderGithub(diagnostic: Diagnostic): string {
  const { primary, severity, code, message, help = [] } = diagnostic;
  const properties = [...(primary ? place(primary.source, primary.span) : []), `title=${escapeProperty(code)}`];
  const text = [message, ...help.map((each) => `help: ${each.text}`)].join("\n");
  return `::${COMMANDS[severity]} ${properties.join(",")}::${escapeData(text)}`;
}

function place(source: { path: string; text: string }, span: { start: number; end: number }): string[] {
  const start = lineColumn(source, span.start);
  const end = lineColumn(source, span.end);
  const columns = start.line === end.line ? [`endColumn=${end.column}`] : [];
  return [
    `file=${escapeProperty(source.path)}`,
    `line=${start.line}`,
    `endLine=${end.line}`,
    `col=${start.column}`,
    ...columns,
  ];
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
