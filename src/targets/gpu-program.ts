/**
 * What programs for GPUs have in common, as plain data: tensors, the launches of each program in order, and where its
 * results lie. What a kernel is, and how a tensor finds its place, is each target's own.
 */
import type { DataSource, DType } from "../3-graph/graph.js";
import type { BufferRole, Dim } from "../5-plan/plan.js";

/** A tensor; `Format`: what a target stores numbers as. */
export interface GpuTensor<Format = DType> {
  readonly name: string;
  readonly role: BufferRole;
  readonly dtype: Format;
  readonly dims: readonly Dim[];
  /** what the host fills a data buffer with */
  readonly source?: DataSource;
  /** of the tensor, without what is added to round it up */
  readonly bytes: number;
}

export interface GpuProgramPlan {
  readonly name: string;
  readonly launches: readonly GpuLaunch[];
  /** named results -> buffer */
  readonly outputs: Readonly<Record<string, number>>;
}

export interface GpuLaunch {
  readonly kernel: number;
  /** buffer of each parameter */
  readonly args: readonly number[];
  readonly scope: string;
  /** number of elements, for kernels that fit any length */
  readonly count?: number;
}
