/** Diagnostics as plain JSON values: for tools. Lines and columns are 1-based, offsets and lengths in UTF-16 units. */
import type { Diagnostic, Help, Label, Severity } from "../diagnostic.js";
import { lineColumn } from "../line-column.js";

export interface JsonPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly end_line: number;
  readonly end_column: number;
  readonly offset: number;
  readonly length: number;
}

export interface JsonLabel extends JsonPlace {
  readonly text?: string;
}

export interface JsonHelp {
  readonly text: string;
  /** replace the place by `replacement` */
  readonly fix?: JsonPlace & { readonly replacement: string };
}

export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly primary?: JsonLabel;
  readonly secondary: readonly JsonLabel[];
  readonly help: readonly JsonHelp[];
}

/** A value for `JSON.stringify`; places that are absent stay absent. */
export function toJson(diagnostic: Diagnostic): JsonDiagnostic {
  const { code, severity, message, primary, secondary = [], help = [] } = diagnostic;
  return {
    code,
    severity,
    message,
    ...(primary && { primary: toJsonLabel(primary) }),
    secondary: secondary.map(toJsonLabel),
    help: help.map(toJsonHelp),
  };
}

/** A list of diagnostics as one JSON text with a line end. */
export function renderJson(diagnostics: readonly Diagnostic[]): string {
  return `${JSON.stringify(diagnostics.map(toJson), null, 2)}\n`;
}

function toJsonLabel(label: Label): JsonLabel {
  return { ...toPlace(label), ...(label.text !== undefined && { text: label.text }) };
}

function toJsonHelp({ text, fix }: Help): JsonHelp {
  return fix ? { text, fix: { ...toPlace(fix), replacement: fix.text } } : { text };
}

function toPlace({ source, span }: Pick<Label, "source" | "span">): JsonPlace {
  const start = lineColumn(source, span.start);
  const end = lineColumn(source, span.end);
  return {
    file: source.path,
    line: start.line,
    column: start.column,
    end_line: end.line,
    end_column: end.column,
    offset: span.start,
    length: span.end - span.start,
  };
}
