/** A trace by the generated kernels. */
import { bundleOf } from "../6-emit/bundle.js";
import { compileDesign } from "../pipeline.js";
import { type Engine, openEngine } from "../runtime/engine.js";
import { writeBatch } from "../runtime/evaluate.js";
import { fillData } from "../runtime/fill-data.js";
import { tableUses } from "../runtime/routing-tables.js";
import type { Tensor } from "../runtime/safetensors-write.js";
import { loadModel } from "../runtime/start-weights.js";
import { type TraceCall, tablesOf } from "./trace.js";

/** Every result of the program `trace`, copied out of the arena. */
export async function traceOnCpu(call: TraceCall): Promise<Tensor[]> {
  const { design, name, weights, rows, seed, dispatch } = call;
  const sequence = rows[0]!.length - 1;
  const size = { batch: rows.length, seq: sequence };
  const bundle = bundleOf(compileDesign(design, { ...size, dispatch, programs: ["trace"] }), name);
  const engine = await openEngine(bundle);
  try {
    loadModel(engine, bundle, weights);
    fillData(engine, tablesOf(call), tableUses(design));
    writeBatch(engine, Int32Array.from(rows.flat()), sequence);
    if (engine.has("input", "step")) engine.floats("input", "step")[0] = 0;
    if (engine.has("input", "seed")) engine.floats("input", "seed")[0] = seed % 2 ** 24;
    await engine.run("trace");
    return engine.outputs("trace").map((output) => copied(engine, output));
  } finally {
    await engine.close();
  }
}

function copied(engine: Engine, name: string): Tensor {
  const { view, shape } = engine.result("trace", name)!;
  return { name, dtype: view instanceof Int32Array ? "I32" : "F32", shape, data: view.slice() };
}
