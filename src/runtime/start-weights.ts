/** Puts numbers into the weights and states of an engine: fresh ones by rule and seed, or those of a checkpoint. */
import type { WeightSpec } from "../2-design/weights.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { Bundle } from "./bundle.js";
import { checkTensors, type ExpectedTensor } from "./checkpoint.js";
import type { Dtype, Elements } from "./dtype.js";
import type { Engine } from "./engine.js";
import { initialise } from "./init.js";
import type { TablesByName } from "./routing-tables.js";
import type { Safetensors } from "./safetensors.js";
import type { Tensor } from "./safetensors-write.js";

/** The first values of a weight; MOE2025 for starts that this version cannot make. */
export function startValues(seed: number, { name, shape, init, path }: WeightSpec): Float32Array {
  if (init.kind !== "merge") return initialise(seed, name, shape, init);
  throw new DiagnosticError([diagnose("MOE2025", { word: "merge", where: `\`${path}\`` })]);
}

/** All weights at their start and all states at zero. */
export function startFresh(engine: Engine, { weights }: Bundle, seed: number): void {
  for (const weight of weights) {
    if (engine.has("param", weight.name)) engine.floats("param", weight.name).set(startValues(seed, weight));
  }
  for (const { name } of engine.kept("state")) engine.floats("state", name).fill(0);
}

/** The tensors of `model.safetensors`: weights, then tables and biases. */
export function modelTensors(bundle: Bundle, engine: Engine, tables: TablesByName): Tensor[] {
  const weights = bundle.weights.map(({ name, shape }) => tensor(name, "F32", shape, engine.floats("param", name)));
  const buffers = bundle.buffers.map(({ name, shape, dtype }) =>
    dtype === "u8"
      ? tensor(name, "U8", shape, tables.get(name)!)
      : tensor(name, "F32", shape, engine.floats("state", name)),
  );
  return [...weights, ...buffers];
}

/** The tensors of `optimizer.safetensors`: every state that is not part of the model. */
export function optimizerTensors(bundle: Bundle, engine: Engine): Tensor[] {
  return optimizerStates(bundle, engine).map(({ name, dims }) =>
    tensor(
      name,
      "F32",
      dims.map(({ size }) => size),
      engine.floats("state", name),
    ),
  );
}

const tensor = (name: string, dtype: Dtype, shape: readonly number[], data: Elements): Tensor => ({
  name,
  dtype,
  shape,
  data,
});

function optimizerStates({ buffers }: Bundle, engine: Engine) {
  const ofModel = new Set(buffers.map(({ name }) => name));
  return engine.kept("state").filter(({ name }) => !ofModel.has(name));
}

/** What a model file must hold. */
export function expectedModel({ weights, buffers }: Bundle): ExpectedTensor[] {
  return [
    ...weights.map(({ name, shape }) => ({ name, shape, dtype: "F32" as const })),
    ...buffers.map(({ name, shape, dtype }) => ({ name, shape, dtype: dtype === "u8" ? ("U8" as const) : "F32" })),
  ] as ExpectedTensor[];
}

/** The routing tables in a model file. */
export function tablesIn(bundle: Bundle, file: Safetensors): TablesByName {
  const tables = bundle.buffers.filter(({ dtype }) => dtype === "u8");
  return new Map(tables.map(({ name }) => [name, file.tensors.get(name)!.data() as Uint8Array]));
}

/** Takes weights and biases from a model file; MOE6004 to MOE6006 and MOE6018 when it does not fit the design. */
export function loadModel(engine: Engine, bundle: Bundle, file: Safetensors): void {
  checkTensors(file, expectedModel(bundle));
  for (const { name } of engine.kept("param")) engine.floats("param", name).set(file.tensors.get(name)!.float32());
  for (const { name, dtype } of bundle.buffers) {
    if (dtype === "f32" && engine.has("state", name)) {
      engine.floats("state", name).set(file.tensors.get(name)!.float32());
    }
  }
}

/** Takes the optimiser's state from its file; the same errors as `loadModel`. */
export function loadOptimizer(engine: Engine, bundle: Bundle, file: Safetensors): void {
  const states = optimizerStates(bundle, engine);
  const expected = states.map(({ name, dims }) => ({ name, dtype: "F32" as const, shape: dims.map((d) => d.size) }));
  checkTensors(file, expected);
  for (const { name } of states) engine.floats("state", name).set(file.tensors.get(name)!.float32());
}

/** The first weight with a number that is not finite, or undefined. */
export function firstBadWeight(engine: Engine, { weights }: Bundle): { name: string; value: number } | undefined {
  for (const { name } of weights) {
    const bad = engine.floats("param", name).find((each) => !Number.isFinite(each));
    if (bad !== undefined) return { name, value: bad };
  }
  return undefined;
}
