/** What is traced, the same for every target, and what a file of weights must hold for it. */
import type { Design } from "../2-design/design.js";
import { buffersOf } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { readSafetensors } from "../runtime/safetensors.js";

export interface TraceCall {
  readonly design: Design;
  readonly name: string;
  readonly weights: ReturnType<typeof readSafetensors>;
  /** [B, S+1] ids */
  readonly rows: readonly (readonly number[])[];
  readonly seed: number;
  readonly dispatch: Readonly<Record<string, string>>;
  /** rewrites that are not wanted */
  readonly without: readonly string[];
}

/** Routing tables in the file, by their names in checkpoints. */
export function tablesOf({ design, weights }: TraceCall): ReadonlyMap<string, Uint8Array> {
  const tables = buffersOf(design).filter(({ dtype }) => dtype === "u8");
  return new Map(tables.map(({ name }) => [name, tensorOf(weights, name).data() as Uint8Array]));
}

/** A tensor that must be there; MOE6004 otherwise. */
export function tensorOf({ tensors, path }: TraceCall["weights"], tensor: string) {
  const found = tensors.get(tensor);
  if (found) return found;
  throw new DiagnosticError([diagnose("MOE6004", { file: path, tensor })]);
}
