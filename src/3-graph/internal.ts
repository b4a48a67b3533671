/** How this stage reports its own bugs: a user's mistake never gets this far. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";

/** Throws MOE9002: the graph is wrong, and it is our fault. */
export function broken(detail: string): never {
  throw new DiagnosticError([diagnose("MOE9002", { stage: "3-graph", detail })]);
}

/** Throws MOE9002 unless the condition holds. */
export function ensure(condition: boolean, detail: () => string): asserts condition {
  if (!condition) broken(detail());
}
