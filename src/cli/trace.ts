/**
 * `moec trace FILE`: loss, logits, gradients and routing of one pass over given tokens, as a safetensors file. For
 * comparing targets with each other and with other implementations.
 */
import { readSafetensors } from "../runtime/safetensors.js";
import { writeSafetensors } from "../runtime/safetensors-write.js";
import { checkDesign } from "./compile-design.js";
import { type DispatchFlags, dispatchWishes, setOption, targetNamed } from "./flags.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";
import { readTokenRows } from "./token-rows.js";
import type { TraceCall } from "./trace-call.js";
import { traceOnCpu, traceOnCuda, traceOnGpu } from "./trace-kernels.js";
import { traceReference } from "./trace-reference.js";
import { shaped } from "./trace-shapes.js";

export interface TraceFlags extends DispatchFlags {
  readonly weights: string;
  readonly tokens: string;
  readonly out: string;
  readonly target: string;
  readonly seed?: number;
  readonly set?: readonly string[];
}

/** Writes the trace; numbers are f32, or f64 from the reference. */
export async function trace(cli: Cli, file: string, flags: TraceFlags): Promise<number> {
  const target = targetNamed(flags.target, ["cpu", "wgsl", "cuda", "reference"]);
  const source = readSpec(cli.host, file);
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  const call: TraceCall = {
    design,
    name: specName(source.path),
    weights: readSafetensors(cli.host, flags.weights),
    rows: readTokenRows(cli.host, flags.tokens, design.model!),
    seed: flags.seed ?? design.train?.seed ?? 0,
    ...dispatchWishes(flags),
  };
  const results = await tracers[target](call);
  const tensors = shaped(call, results);
  writeSafetensors(cli.host, flags.out, tensors, { spec: design.spec.hash, target });
  const loss = tensors.find(({ name }) => name === "loss")?.data[0];
  print(cli, `${flags.out}: ${tensors.length} tensors, loss ${Number(loss).toFixed(6)}`);
  return exit.ok;
}

const tracers = {
  cpu: traceOnCpu,
  wgsl: traceOnGpu,
  cuda: traceOnCuda,
  reference: async (call: TraceCall) => traceReference(call),
};
