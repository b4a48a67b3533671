/**
 * A model small enough to be written down here: one matrix of logits by the token before, trained with momentum.
 * It runs in JavaScript on a device of its own, so that the training loop is tested without any compiler.
 */
import type { Design } from "../../src/2-design/design.js";
import type { Buffer } from "../../src/5-plan/plan.js";
import type { Bundle } from "../../src/runtime/bundle.js";
import { checkRegion, type Device } from "../../src/runtime/device.js";
import type { OpenDevice } from "../../src/runtime/open-engine.js";

export const V = 256;
export const [B, S] = [2, 8];
const T = B * S;

const sizes = {
  tokens: T,
  targets: T,
  step: 1,
  weight: V * V,
  moment: V * V,
  loss: 1,
  ce: 1,
  lr: 1,
  norm: 1,
  logits: T * V,
  load: 4,
};
type Place = keyof typeof sizes;
const places = Object.keys(sizes) as Place[];
const offsetOf = (place: Place): number =>
  64 * places.slice(0, places.indexOf(place)).reduce((sum, each) => sum + Math.ceil((4 * sizes[each]) / 64), 0);
const total = offsetOf("load") + 64;

function buffer(
  place: Place,
  name: string,
  role: Buffer["role"],
  dtype: Buffer["dtype"],
  dims: readonly number[],
): Buffer {
  const named = dims.map((size, i) => ({ name: `D${i}`, size }));
  return { name, role, dtype, dims: named, bytes: 4 * sizes[place], offset: offsetOf(place) };
}

export interface ToyOptions {
  readonly steps?: number;
  readonly every?: number;
  readonly heldOut?: number;
  readonly lr?: number;
}

/** The toy, compiled by hand. */
export function toyBundle({ steps = 12, every = 4, heldOut = 0.2 }: ToyOptions = {}): Bundle {
  const train = {
    name: "Train",
    data: { kind: "text", globs: ["data/*.txt"] },
    tokenizer: { kind: "byte" },
    batch: B,
    steps,
    seed: 3,
    optimize: [],
    schedule: { warmup: 0, decay: { kind: "constant", to: 1 } },
    clip: undefined,
    evaluate: every > 0 ? { every, heldOut } : undefined,
    watch: ["loss", "expert_load"],
  } as const;
  const model = { name: "Toy", vocab: V, context: S, dModel: 4, stack: [] };
  const design = {
    edition: 1,
    spec: { path: "toy.moe", hash: "abc" },
    model,
    blocks: {},
    mixtures: {},
    tables: {},
    train,
  };
  const init = { kind: "normal", std: 0.02 } as const;
  const buffers = [
    buffer("tokens", "tokens", "input", "i32", [T]),
    buffer("targets", "targets", "input", "i32", [T]),
    buffer("step", "step", "input", "f32", []),
    buffer("weight", "table.weight", "param", "f32", [V, V]),
    buffer("moment", "adam.m.table.weight", "state", "f32", [V, V]),
    buffer("loss", "loss", "work", "f32", []),
    buffer("ce", "cross_entropy", "work", "f32", []),
    buffer("lr", "lr", "work", "f32", []),
    buffer("norm", "grad_norm", "work", "f32", []),
    buffer("logits", "logits", "work", "f32", [T, V]),
    buffer("load", "layers.0.mixture.load", "work", "f32", [4]),
  ];
  const at = (name: string): number => buffers.findIndex((each) => each.name === name);
  const outputs = (...names: string[]) => Object.fromEntries(names.map((name) => [name, at(name)]));
  return {
    name: "toy",
    version: "0.0.0",
    design: design as unknown as Design,
    weights: [{ name: "table.weight", shape: [V, V], init, class: "matrices", layer: undefined, path: "Toy" }],
    buffers: [],
    plan: {
      buffers,
      programs: [
        { name: "train", outputs: outputs("loss", "cross_entropy", "lr", "grad_norm", "layers.0.mixture.load") },
        { name: "evaluate", outputs: outputs("cross_entropy", "logits") },
      ],
      memory: { kept: offsetOf("loss"), workspace: total - offsetOf("loss"), arena: total },
    },
    code: { source: "", headers: {}, programs: ["train", "evaluate"], arena: { fixed: total, perThread: 0 } },
  };
}

export interface ToyDevice {
  readonly open: OpenDevice;
  /** how many times `train` ran */
  readonly trained: () => number;
}

/** A device that runs the toy; `poison` makes the loss of one step (from 0) infinite. */
export function toyDevice({ lr = 0.5 }: ToyOptions = {}, poison?: number): ToyDevice {
  let trained = 0;
  const open: OpenDevice = async (_, { bytes }) => {
    const memory = new Uint8Array(bytes);
    const floats = (place: Place) => new Float32Array(memory.buffer, offsetOf(place), sizes[place]);
    const ints = (place: Place) => new Int32Array(memory.buffer, offsetOf(place), sizes[place]);
    const run = (program: number): void => {
      const gradient = forward(floats, ints);
      if (program === 1) return;
      trained++;
      update(floats, gradient, lr);
      if (floats("step")[0] === poison) floats("loss")[0] = Number.POSITIVE_INFINITY;
    };
    const device: Device = {
      description: "toy",
      threads: 1,
      bytes,
      memory,
      region: (offset, count) => {
        checkRegion(offset, count, bytes);
        return memory.subarray(offset, offset + count);
      },
      // like a real device: the event loop turns between two runs
      run: (program) => new Promise((done) => setImmediate(() => done(run(program)))),
      close: async () => {},
    };
    return device;
  };
  return { open, trained: () => trained };
}

type Floats = (place: Place) => Float32Array;

/** Logits and cross-entropy; the gradient of the latter. */
function forward(floats: Floats, ints: (place: Place) => Int32Array): Float32Array {
  const [weight, logits, gradient] = [floats("weight"), floats("logits"), new Float32Array(V * V)];
  let loss = 0;
  for (let t = 0; t < T; t++) {
    const [token, target] = [ints("tokens")[t]!, ints("targets")[t]!];
    const row = weight.subarray(token * V, (token + 1) * V);
    logits.set(row, t * V);
    const exps = row.map(Math.exp);
    const sum = exps.reduce((a, b) => a + b, 0);
    loss += Math.log(sum) - row[target]!;
    exps.forEach((each, v) => {
      gradient[token * V + v]! += (each / sum - (v === target ? 1 : 0)) / T;
    });
  }
  floats("loss")[0] = loss / T;
  floats("ce")[0] = loss / T;
  return gradient;
}

function update(floats: Floats, gradient: Float32Array, lr: number): void {
  const [weight, moment] = [floats("weight"), floats("moment")];
  gradient.forEach((each, i) => {
    moment[i] = 0.9 * moment[i]! + each;
    weight[i]! -= lr * moment[i]!;
  });
  floats("norm")[0] = Math.sqrt(gradient.reduce((sum, each) => sum + each * each, 0));
  floats("lr")[0] = lr;
  floats("load").set([4, 4, 8, 0]);
}

/** Files of text that the toy reads. */
export function toyFiles(): Record<string, string> {
  const documents = Array.from({ length: 10 }, (_, i) => [
    `data/${i}.txt`,
    `document ${i}: ${"the cat sat on the mat. ".repeat(8)}`,
  ]);
  return Object.fromEntries(documents);
}
