/**
 * A compiled design as a trainer needs it: plain data and C, WGSL or CUDA text, nothing of the compiler. It comes straight from the
 * pipeline, or from the files of `generated/<spec>`.
 */
import type { Design } from "../2-design/design.js";
import type { BufferSpec } from "../2-design/mixture-weights.js";
import type { WeightSpec } from "../2-design/weights.js";
import type { Buffer, Memory } from "../5-plan/plan.js";
import type { CudaProgram } from "../targets/cuda/program.js";
import type { WgslProgram } from "../targets/wgsl/program.js";

export interface Bundle {
  /** the spec's file name without its ending: `mask-moe` */
  readonly name: string;
  /** version of moec that compiled it */
  readonly version: string;
  readonly design: Design;
  /** trainable, in checkpoint order */
  readonly weights: readonly WeightSpec[];
  /** saved with the weights, not trained: routing tables, load-balance biases */
  readonly buffers: readonly BufferSpec[];
  readonly plan: RunPlan;
  readonly code: CpuCode | WgslCode | CudaCode;
}

/** A bundle for the cpu target. */
export type CpuBundle = Bundle & { readonly code: CpuCode };

/** The WGSL of a design: kernels, GPU buffers and dispatches, all a runner needs. */
export interface WgslCode {
  readonly wgsl: WgslProgram;
}

/** The CUDA C++ of a design, where its tensors lie and its launches. */
export interface CudaCode {
  readonly cuda: CudaProgram;
}

/** The part of a kernel plan that the host needs: where things lie and what programs give. */
export interface RunPlan {
  readonly buffers: readonly Buffer[];
  readonly programs: readonly { readonly name: string; readonly outputs: Readonly<Record<string, number>> }[];
  readonly memory: Memory;
}

/** The C of a design and how much memory it runs in. */
export interface CpuCode {
  readonly source: string;
  readonly headers: Readonly<Record<string, string>>;
  /** in the order of their numbers */
  readonly programs: readonly string[];
  /** the arena in bytes: `fixed` and, for each thread, `perThread` */
  readonly arena: { readonly fixed: number; readonly perThread: number };
}

/** Bytes of the arena for a number of threads. */
export function arenaBytes({ arena }: CpuCode, threads: number): number {
  return arena.fixed + threads * arena.perThread;
}

/** How large a design is. */
export function bundleSize({ weights, design }: Bundle): { readonly parameters: number; readonly layers: number } {
  const parameters = weights.reduce((sum, { shape }) => sum + shape.reduce((product, each) => product * each, 1), 0);
  return { parameters, layers: (design.model?.stack ?? []).reduce((sum, { count }) => sum + count, 0) };
}
