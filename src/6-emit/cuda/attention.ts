/**
 * Attention and its gradient in f32, in CUDA: threads for each query, or for each key; scores are never stored. Where
 * products are made in bf16, `attention-tensor.ts` makes them.
 */
import type { SpecialKernel } from "../../5-plan/plan.js";
import { cudaFloat } from "../../targets/cuda/dialect.js";
import type { CudaPass } from "../../targets/cuda/program.js";
import { blocks } from "../gpu/sizes.js";
import { attentionSizes } from "../gpu/special-sizes.js";
import { tensorAttentionGradToCuda, tensorAttentionToCuda } from "./attention-tensor.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

/** Numbers of a head that one thread keeps. */
const MOST_PARTS = 32;
/** Bytes of shared memory for a block of keys and values. */
const BLOCK_BYTES = 32_768;

function shapeOf(kernel: SpecialKernel) {
  const sizes = attentionSizes(kernel);
  const { sequence, headDim, window } = sizes;
  let split = 1;
  while (headDim / split > MOST_PARTS && headDim % (2 * split) === 0 && split < 32) split *= 2;
  let threads = 32;
  while (threads < 128 && threads < sequence * split) threads *= 2;
  return {
    ...sizes,
    split,
    several: split > 1,
    threads,
    keys: Math.max(1, Math.min(32, Math.floor(BLOCK_BYTES / (8 * headDim)))),
    scale: cudaFloat(Number(kernel.attributes.scale)),
    firstKey: window === undefined ? "0" : `at_least_zero(first_query + 1 - ${window})`,
  };
}

const MINE = "place + c * SPLIT + part";

export function attentionToCuda(kernel: SpecialKernel, context: Context): CudaText {
  if (context.tensor) return tensorAttentionToCuda(kernel, context);
  const shape = shapeOf(kernel);
  const b = accessTo(kernel.params, context);
  const [q, k, v, o, lse] = [0, 1, 2, 3, 4];
  const view = {
    ...shape,
    readQ: b.read(q, MINE),
    readK: b.read(k, "at"),
    readV: b.read(v, "at"),
    putO: b.write(o, MINE, "sums[c] / total"),
    putLse: b.write(lse, "(begin + query) * HEADS + head", "most + logf(total)"),
  };
  const { threads, split } = shape;
  const grid = [blocks(shape.sequence, threads / split), shape.heads, shape.batch] as const;
  return {
    text: assemble(kernel, "attention", context, view),
    passes: [{ entry: kernel.name, grid, threads, shared: 0 }],
  };
}

export function attentionGradToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const before = deltaToCuda(kernel, context);
  const { text, passes } = (context.tensor ? tensorAttentionGradToCuda : exactGradToCuda)(kernel, context);
  return { text: `${before.text}\n\n${text}`, passes: [...before.passes, ...passes] };
}

/** The first launch of the gradient, the same for both ways. */
function deltaToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const { sequence, batch, heads, headDim } = attentionSizes(kernel);
  const b = accessTo(kernel.params, context);
  const [o, dOut, delta] = [3, 5, 9];
  const rowsOfHeads = batch * sequence * heads;
  const view = {
    headDim,
    rowsOfHeads,
    delta: kernel.params[delta]!.name,
    readO: b.read(o, "i * D + c"),
    readDo: b.read(dOut, "i * D + c"),
  };
  const passes = [
    { entry: `${kernel.name}_delta`, grid: [blocks(rowsOfHeads, 8), 1, 1] as const, threads: 256, shared: 0 },
  ];
  return { text: assemble(kernel, "attention-delta", context, view), passes };
}

function exactGradToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const shape = shapeOf(kernel);
  const b = accessTo(kernel.params, context);
  const [q, k, v, lse, dOut, dq, dk, dv, delta] = [0, 1, 2, 4, 5, 6, 7, 8, 9];
  const { window, threads, split, sequence, heads, kvHeads, batch } = shape;
  const view = {
    ...shape,
    delta: kernel.params[delta]!.name,
    readQ: b.read(q, MINE),
    readDoMine: b.read(dOut, MINE),
    readLseMine: b.read(lse, "(begin + query) * HEADS + head"),
    readK: b.read(k, "at"),
    readV: b.read(v, "at"),
    putDq: b.write(dq, MINE, "sums[c]"),
    readKMine: b.read(k, MINE),
    readVMine: b.read(v, MINE),
    readQAt: b.read(q, "at"),
    readDoAt: b.read(dOut, "at"),
    readLseAt: b.read(lse, "at"),
    putDk: b.write(dk, MINE, "d_key[c]"),
    putDv: b.write(dv, MINE, "d_value[c]"),
    lastQuery: window === undefined ? "S" : `smaller(first_key + KEYS + ${window - 1}, S)`,
  };
  const across = blocks(sequence, threads / split);
  const { name } = kernel;
  const passes: CudaPass[] = [
    { entry: `${name}_queries`, grid: [across, heads, batch], threads, shared: 0 },
    { entry: `${name}_keys`, grid: [across, kvHeads, batch], threads, shared: 0 },
  ];
  return { text: assemble(kernel, "attention-grad", context, view), passes };
}
