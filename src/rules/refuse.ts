/** A rule whose words are known but whose meaning is not built yet: said plainly, at compile time. */
import type { RuleUse } from "../2-design/design.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";

/** MOE5011 for the line. */
export function refuse(use: RuleUse): DiagnosticError {
  return new DiagnosticError([diagnose("MOE5011", { path: use.path, text: `${use.slot} ${use.text}` })]);
}
