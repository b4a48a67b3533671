/** Puts numbers into the weights and states of an engine: fresh ones by rule and seed, or those of a checkpoint. */
import type { BufferSpec } from "../2-design/mixture-weights.js";
import type { WeightSpec } from "../2-design/weights.js";
import type { Bundle } from "./bundle.js";
import type { Carry } from "./carry.js";
import { checkTensors, type ExpectedTensor } from "./checkpoint.js";
import type { Engine } from "./engine.js";
import { initialise } from "./init.js";
import type { Merge } from "./merge.js";
import type { TablesByName } from "./routing-tables.js";
import type { Safetensors } from "./safetensors.js";
import type { Tensor } from "./safetensors-write.js";

/** The first values of a weight: drawn by rule and seed, or made from checkpoints with the errors of `mergeFor`. */
export function startValues(seed: number, weight: WeightSpec, merge: Merge): Float32Array {
  const { name, shape, init } = weight;
  return init.kind === "merge" ? merge(weight, init.checkpoints) : initialise(seed, name, shape, init);
}

/**
 * Weights and biases that no program reads, because dispatch found that nothing depends on them. The engine has no
 * place for them; checkpoints keep them as they are.
 */
export type IdleTensors = ReadonlyMap<string, Float32Array>;

/**
 * All weights at their start, or at what is carried over from an earlier run, and all states where they start; answers with
 * those that are idle.
 */
export function startFresh(engine: Engine, bundle: Bundle, seed: number, merge: Merge, carry: Carry): IdleTensors {
  for (const { name } of engine.kept("state")) engine.floats("state", name).fill(0);
  return place(engine, bundle, (tensor) => {
    const { name, shape } = tensor;
    const weight = bundle.weights.find((each) => each.name === name);
    const fresh = weight
      ? startValues(seed, weight, merge)
      : startOfBuffer(bundle.buffers.find((each) => each.name === name) ?? { shape });
    return carry(tensor, fresh);
  });
}

/** The first numbers of something that is kept but not trained by gradients. */
export function startOfBuffer({ shape, init = 0 }: Pick<BufferSpec, "shape" | "init">): Float32Array {
  return new Float32Array(shape.reduce((product, each) => product * each, 1)).fill(init);
}

/** Puts the values of every f32 tensor of the model where it belongs. */
function place(engine: Engine, bundle: Bundle, values: (tensor: ExpectedTensor) => Float32Array): IdleTensors {
  const idle = new Map<string, Float32Array>();
  for (const tensor of expectedModel(bundle)) {
    if (tensor.dtype !== "F32") continue;
    const home = homeOf(engine, tensor.name);
    if (home) home.set(values(tensor));
    else idle.set(tensor.name, values(tensor));
  }
  return idle;
}

function homeOf(engine: Engine, name: string): Float32Array | undefined {
  if (engine.has("param", name)) return engine.floats("param", name);
  return engine.has("state", name) ? engine.floats("state", name) : undefined;
}

/** The tensors of `model.safetensors`: weights, then tables and biases. */
export function modelTensors(bundle: Bundle, engine: Engine, tables: TablesByName, idle: IdleTensors): Tensor[] {
  return expectedModel(bundle).map(({ name, dtype, shape }) => {
    const data = dtype === "U8" ? tables.get(name)! : (homeOf(engine, name) ?? idle.get(name)!);
    return { name, dtype, shape, data };
  });
}

/** The tensors of `optimizer.safetensors`: every state that is not part of the model. */
export function optimizerTensors(bundle: Bundle, engine: Engine): Tensor[] {
  return optimizerStates(bundle, engine).map(({ name, dims }) => {
    const shape = dims.map(({ size }) => size);
    return { name, dtype: "F32", shape, data: engine.floats("state", name) };
  });
}

function optimizerStates({ buffers }: Bundle, engine: Engine) {
  const ofModel = new Set(buffers.map(({ name }) => name));
  return engine.kept("state").filter(({ name }) => !ofModel.has(name));
}

/** What a model file must hold. */
export function expectedModel({ weights, buffers }: Pick<Bundle, "weights" | "buffers">): readonly ExpectedTensor[] {
  return [
    ...weights.map(({ name, shape }): ExpectedTensor => ({ name, shape, dtype: "F32" })),
    ...buffers.map(({ name, shape, dtype }): ExpectedTensor => ({ name, shape, dtype: dtype === "u8" ? "U8" : "F32" })),
  ];
}

/** The routing tables that a run starts with. */
export function carriedTables({ buffers }: Pick<Bundle, "buffers">, drawn: TablesByName, carry: Carry): TablesByName {
  const shapes = new Map(buffers.map(({ name, shape }) => [name, shape]));
  return new Map([...drawn].map(([name, table]) => [name, carry({ name, shape: shapes.get(name)! }, table)]));
}

/** The routing tables in a model file. */
export function tablesIn(bundle: Bundle, file: Safetensors): TablesByName {
  const tables = bundle.buffers.filter(({ dtype }) => dtype === "u8");
  return new Map(tables.map(({ name }) => [name, file.tensors.get(name)!.data() as Uint8Array]));
}

/**
 * Takes weights and biases from a model file; MOE6004 to MOE6006 and MOE6018 when it does not fit the design. Answers
 * with those that are idle.
 */
export function loadModel(engine: Engine, bundle: Bundle, file: Safetensors): IdleTensors {
  checkTensors(file, expectedModel(bundle));
  return place(engine, bundle, ({ name }) => file.tensors.get(name)!.float32());
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
    const bad = homeOf(engine, name)?.find((each) => !Number.isFinite(each));
    if (bad !== undefined) return { name, value: bad };
  }
  return undefined;
}
