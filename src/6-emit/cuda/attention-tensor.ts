/**
 * Attention and its gradient on tensor cores (mma.sync), in CUDA: bf16 operands, softmax and sums in f32. In shared memory
 * heads are filled up with zeros to whole steps of 16. Heads wider than 128 stay with `attention.ts`.
 */
import type { Kernel, SpecialKernel } from "../../5-plan/plan.js";
import { cudaFloat } from "../../targets/cuda/dialect.js";
import type { CudaPass } from "../../targets/cuda/program.js";
import { blocks } from "../gpu/sizes.js";
import { attentionSizes } from "../gpu/special-sizes.js";
import { accessTo, assemble, type Context, type CudaText, writeTwo } from "./view.js";

const STEP = 16;
const WIDEST = 128;
/** Lines of the panel that stays, and numbers behind each line against conflicts of banks. */
const LINES = 64;
const PAD = 8;
const THREADS = 128;
/** Where a thread's two neighbours of every eight numbers of a head lie. */
const PAIR = "place + j * 8";

/** Why tensor cores cannot have the heads of an attention; undefined where they can, and for all other kernels. */
export function whyNotTensor(kernel: Kernel): string | undefined {
  if (kernel.kind !== "special" || (kernel.op !== "attention" && kernel.op !== "attentionGrad")) return undefined;
  const width = Number(kernel.attributes.headDim);
  if (width % 2 !== 0) return `heads of ${width} have no pairs of neighbours`;
  return width > WIDEST ? `heads of ${width} are wider than ${WIDEST}` : undefined;
}

function shapeOf(kernel: SpecialKernel, keys: number, { halves }: Context) {
  const sizes = attentionSizes(kernel);
  const { window, headDim } = sizes;
  const name = (param: number): string => kernel.params[param]!.name;
  const wide = wideOf(headDim);
  const isWhole = (param: number): boolean => halves.has(param) && headDim % 8 === 0;
  const [q, k, v, dOut] = [0, 1, 2, 5];
  return {
    ...sizes,
    keys,
    wide,
    inHead: wide > headDim ? " && c < D" : "",
    there: wide > headDim ? "D - c" : "8",
    ragged: headDim % 8 !== 0,
    scale: cudaFloat(Number(kernel.attributes.scale)),
    firstKey: window === undefined ? "0" : `at_least_zero(first_query + 1 - ${window})`,
    lastQuery: window === undefined ? "S" : `smaller(first_key + KEYS + ${window - 1}, S)`,
    q: name(q),
    k: name(k),
    v: name(v),
    dOut: kernel.params[dOut] && name(dOut),
    wholeQ: isWhole(q),
    wholeK: isWhole(k),
    wholeV: isWhole(v),
    wholeDo: isWhole(dOut),
  };
}

/** Numbers of a head with the zeros behind them. */
const wideOf = (headDim: number): number => STEP * blocks(headDim, STEP);

/** Bytes of so many lines of bf16. */
const panel = (lines: number, { wide }: { readonly wide: number }): number => 2 * lines * (wide + PAD);

export function tensorAttentionToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const shape = shapeOf(kernel, LINES, context);
  const b = accessTo(kernel.params, context);
  const [o, lse] = [3, 4];
  const view = {
    ...shape,
    putO: writeTwo(kernel.params, context, o, PAIR, "sums[j][2 * r] / total[r]", "sums[j][2 * r + 1] / total[r]"),
    putLse: b.write(lse, "(begin + asks) * HEADS + head", "most[r] + logf(total[r])"),
  };
  const grid = [blocks(shape.sequence, LINES), shape.heads, shape.batch] as const;
  const shared = panel(LINES + 4 * LINES, shape);
  return {
    text: assemble(kernel, "attention-tensor", context, view),
    passes: [{ entry: kernel.name, grid, threads: THREADS, shared }],
  };
}

export function tensorAttentionGradToCuda(kernel: SpecialKernel, context: Context): CudaText {
  // what passes by is short where heads are wide: two products of scores are in registers at once
  const shape = shapeOf(kernel, Number(kernel.attributes.headDim) > 64 ? LINES / 2 : LINES, context);
  const b = accessTo(kernel.params, context);
  const [lse, dq, dk, dv, delta] = [4, 6, 7, 8, 9];
  const view = {
    ...shape,
    delta: kernel.params[delta]!.name,
    readLseAt: b.read(lse, "at"),
    putDq: writeTwo(kernel.params, context, dq, PAIR, "sums[j][2 * r]", "sums[j][2 * r + 1]"),
    putDk: writeTwo(kernel.params, context, dk, PAIR, "d_key[j][2 * r]", "d_key[j][2 * r + 1]"),
    putDv: writeTwo(kernel.params, context, dv, PAIR, "d_value[j][2 * r]", "d_value[j][2 * r + 1]"),
  };
  const { sequence, heads, kvHeads, batch } = shape;
  const across = blocks(sequence, LINES);
  const shared = panel(2 * LINES + 4 * shape.keys, shape);
  const passes: CudaPass[] = [
    { entry: `${kernel.name}_queries`, grid: [across, heads, batch], threads: THREADS, shared },
    { entry: `${kernel.name}_keys`, grid: [across, kvHeads, batch], threads: THREADS, shared },
  ];
  return { text: assemble(kernel, "attention-tensor-grad", context, view), passes };
}
