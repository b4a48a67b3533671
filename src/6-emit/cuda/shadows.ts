/**
 * Copies in bf16 of tensors that stay f32: where they lie, who makes them, and the launches that read them instead. A
 * workspace tensor's twin is written together with it. Weights have shadows, made by one launch before each run: all
 * weights from the first to the last that needs one lie behind each other.
 */
import type { CudaLaunch, CudaProgramPlan } from "../../targets/cuda/program.js";
import { withCopies } from "../gpu/copies.js";
import type { Lowered } from "../gpu/lower.js";
import type { Precision } from "../gpu/precision.js";
import { fill } from "../templates.js";
import { aligned, type Unplaced } from "./layout.js";
import type { CudaText } from "./view.js";

export const SHADOW = "weights_to_bf16";

export interface Stored {
  readonly buffers: readonly Unplaced[];
  readonly programs: readonly CudaProgramPlan[];
  /** makes the copies; the last of the kernels, if there are any */
  readonly shadowKernel: CudaText | undefined;
  /** bytes that it reads and writes */
  readonly shadowBytes: number;
}

export function withShadows(lowered: Lowered, precision: Precision): Stored {
  const buffers: Unplaced[] = lowered.buffers.map((b, i) =>
    precision.buffers.has(i) ? { ...b, dtype: "bf16", bytes: b.bytes / 2 } : b,
  );
  const { shadowed } = precision;
  const places = new Map(precision.twinned.map((i) => [i, buffers.push(twinOf(lowered.buffers[i]!)) - 1] as const));
  const rewritten = (): CudaProgramPlan[] =>
    lowered.programs.map((p) => ({ ...p, launches: p.launches.map((l) => withCopies(l, lowered, precision, places)) }));
  if (shadowed.length === 0) return { buffers, programs: rewritten(), shadowKernel: undefined, shadowBytes: 0 };
  const [first, last] = [shadowed[0]!, shadowed.at(-1)!];
  const span = spanOf(lowered.buffers, first, last);
  const all = buffers.push(wholeCopy(span)) - 1;
  let before = 0;
  for (let i = first; i <= last; i++) {
    const b = lowered.buffers[i]!;
    if (b.role !== "param") continue;
    if (shadowed.includes(i)) places.set(i, buffers.push(copyOf(b, all, before / 2)) - 1);
    before += aligned(b.bytes);
  }
  const kernel = lowered.kernels.length;
  const make: CudaLaunch = { kernel, args: [first, all], scope: "", count: span / 4 };
  const programs = rewritten().map((p) => ({ ...p, launches: [make, ...p.launches] }));
  const passes = [{ entry: SHADOW, grid: { perBlock: 1024 }, threads: 256, shared: 0 }];
  const shadowKernel = { text: fill("cuda/shadow.cu", { name: SHADOW }).trimEnd(), passes };
  return { buffers, programs, shadowKernel, shadowBytes: 1.5 * span };
}

/** Bytes of the weights from one to another, with what lies between them. */
const spanOf = (buffers: Lowered["buffers"], first: number, last: number): number =>
  buffers.slice(first, last + 1).reduce((n, b) => n + (b.role === "param" ? aligned(b.bytes) : 0), 0);

const wholeCopy = (span: number): Unplaced => ({
  name: "weights.bf16",
  role: "state",
  dtype: "bf16",
  dims: [{ name: "number", size: span / 4 }],
  bytes: span / 2,
});

const twinOf = ({ name, role, dims, bytes }: Lowered["buffers"][number]): Unplaced => ({
  name: `${name}.bf16`,
  role,
  dtype: "bf16",
  dims,
  bytes: bytes / 2,
});

const copyOf = ({ name, dims, bytes }: Lowered["buffers"][number], inside: number, at: number): Unplaced => ({
  name: `${name}.bf16`,
  role: "state",
  dtype: "bf16",
  dims,
  bytes: bytes / 2,
  inside: { buffer: inside, at },
});
