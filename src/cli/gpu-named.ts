/** `--device`: a GPU by the name its maker gives it. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { type CudaProfile, profiles } from "../targets/cuda/profiles.js";

/** Errors: MOE6021 for a name that is not known. */
export function gpuNamed(name: string): CudaProfile {
  const found = Object.values(profiles).find((p) => p.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  const expected = Object.keys(profiles).join(", ");
  throw new DiagnosticError([diagnose("MOE6021", { flag: "--device", value: name, expected })]);
}
