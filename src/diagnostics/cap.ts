/** Keeps a list of diagnostics readable: the first ones, and how many more there were. */
import { diagnose } from "./diagnose.js";
import type { Diagnostic } from "./diagnostic.js";

/** How many diagnostics of one file are worth reading. */
export const MAX_DIAGNOSTICS = 50;

/** At most `limit` diagnostics in the given order, then a note (MOE1017) that counts the rest. */
export function capDiagnostics(diagnostics: readonly Diagnostic[], limit = MAX_DIAGNOSTICS): readonly Diagnostic[] {
  if (diagnostics.length <= limit) return diagnostics;
  return [...diagnostics.slice(0, limit), diagnose("MOE1017", { more: diagnostics.length - limit })];
}
