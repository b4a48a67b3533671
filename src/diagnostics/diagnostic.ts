/**
 * What a mistake looks like as data. The catalogue (`catalogue.ts`) owns codes and texts, the
 * renderers own the looks; everybody else only reports.
 */
import type { SourceFile, Span } from "../1-syntax/ast.js";

export type Severity = "error" | "warning" | "note";

/** A place and, optionally, what to say under it. */
export interface Label {
  readonly source: SourceFile;
  readonly span: Span;
  readonly text?: string;
}

/** A mechanical repair: replace the span by the text. */
export interface Fix {
  readonly source: SourceFile;
  readonly span: Span;
  readonly text: string;
}

export interface Help {
  readonly text: string;
  readonly fix?: Fix;
}

export interface Diagnostic {
  /** stable, e.g. `MOE4003`: 1xxx syntax · 2xxx names and types · 3xxx routing · 4xxx shapes and numbers · 5xxx dispatch, plan, target · 6xxx data and training · 9xxx our own bug */
  readonly code: string;
  readonly severity: Severity;
  /** the headline, in the user's words */
  readonly message: string;
  /** the exact place; absent for mistakes outside any file (missing data, full disk) */
  readonly primary?: Label;
  /** the other half of the conflict */
  readonly secondary?: readonly Label[];
  readonly help?: readonly Help[];
}

/** Thrown to leave a command when a user's mistake makes going on pointless. Never shown as a stack. */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.code}: ${d.message}`).join("\n"));
    this.name = "DiagnosticError";
    this.diagnostics = diagnostics;
  }
}
