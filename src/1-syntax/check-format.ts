/** What `moec fmt` needs to know about one file before it touches it. No file is read or written here. */
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import type { SourceFile } from "./ast.js";
import { format } from "./fmt.js";

export type FormatOutcome =
  | { readonly kind: "unchanged" }
  | { readonly kind: "changed"; readonly text: string }
  /** the file has syntax errors and must stay as it is */
  | { readonly kind: "refused"; readonly diagnostics: readonly Diagnostic[] };

/** Whether a file is formatted, what it should be otherwise, or why it cannot be told. */
export function checkFormat(source: SourceFile): FormatOutcome {
  try {
    const text = format(source);
    return text === source.text ? { kind: "unchanged" } : { kind: "changed", text };
  } catch (error) {
    if (error instanceof DiagnosticError) return { kind: "refused", diagnostics: error.diagnostics };
    throw error;
  }
}
