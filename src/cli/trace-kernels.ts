/** A trace by the generated kernels, on the processor or on a GPU. */
import { bundleOf, cudaBundleOf, wgslBundleOf } from "../6-emit/bundle.js";
import { compileCuda, compileDesign, compileWgsl } from "../pipeline.js";
import type { Bundle } from "../runtime/bundle.js";
import type { Engine } from "../runtime/engine.js";
import { writeBatch } from "../runtime/evaluate.js";
import { fillData } from "../runtime/fill-data.js";
import { openEngine } from "../runtime/open-engine.js";
import { tableUses } from "../runtime/routing-tables.js";
import type { Tensor } from "../runtime/safetensors-write.js";
import { loadModel } from "../runtime/start-weights.js";
import { tierOfGpu } from "./tier-of-gpu.js";
import { type TraceCall, tablesOf } from "./trace-call.js";

/** Every result of the program `trace`, by generated C. */
export function traceOnCpu(call: TraceCall): Promise<Tensor[]> {
  return traceOn(call, bundleOf(compileDesign(call.design, traceOptions(call)), call.name));
}

/** Every result of the program `trace`, by generated WGSL. */
export async function traceOnGpu(call: TraceCall): Promise<Tensor[]> {
  const { findAdapter } = await import("../targets/wgsl/adapter.js");
  const { profileOf } = await import("../targets/wgsl/device.js");
  const profile = profileOf(await findAdapter());
  return traceOn(call, wgslBundleOf(compileWgsl(call.design, traceOptions(call), profile), call.name));
}

/** Every result of the program `trace`, by generated CUDA. */
export async function traceOnCuda(call: TraceCall): Promise<Tensor[]> {
  const tier = await tierOfGpu();
  return traceOn(call, cudaBundleOf(compileCuda(call.design, traceOptions(call), tier), call.name));
}

const traceOptions = ({ rows, dispatch, without }: TraceCall) =>
  ({ batch: rows.length, seq: rows[0]!.length - 1, dispatch, without, programs: ["trace"] }) as const;

/** Every result of the program `trace`, copied out of the device. */
async function traceOn(call: TraceCall, bundle: Bundle): Promise<Tensor[]> {
  const { design, weights, rows, seed } = call;
  const sequence = rows[0]!.length - 1;
  const engine = await openEngine(bundle);
  try {
    loadModel(engine, bundle, weights);
    fillData(engine, tablesOf(call), tableUses(design));
    writeBatch(engine, Int32Array.from(rows.flat()), sequence);
    if (engine.has("input", "step")) engine.floats("input", "step")[0] = 0;
    if (engine.has("input", "seed")) engine.floats("input", "seed")[0] = seed % 2 ** 24;
    await engine.push();
    await engine.run("trace", engine.outputs("trace"));
    return engine.outputs("trace").map((output) => copied(engine, output));
  } finally {
    await engine.close();
  }
}

function copied(engine: Engine, name: string): Tensor {
  const { view, shape } = engine.result("trace", name)!;
  return { name, dtype: view instanceof Int32Array ? "I32" : "F32", shape, data: view.slice() };
}
