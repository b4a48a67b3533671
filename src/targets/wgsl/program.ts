/**
 * A compiled design for WebGPU, as plain data: WGSL texts, the GPU buffers they need, and for every program
 * the dispatches in order. The runner needs nothing else, in Node or in a browser. How a plan becomes this
 * is `6-emit/wgsl`.
 */
import type { DType } from "../../3-graph/graph.js";
import type { GpuProgramPlan, GpuTensor } from "../gpu-program.js";

export interface WgslProgram {
  readonly kernels: readonly WgslKernel[];
  /** the plan's buffers under their numbers, then tables and scratch memory of this target's own */
  readonly buffers: readonly WgslBuffer[];
  /** bytes of each GPU buffer; tensors whose lives do not meet share one */
  readonly memories: readonly number[];
  readonly programs: readonly GpuProgramPlan[];
  /** what an adapter must allow */
  readonly needs: WgslNeeds;
}

export interface WgslKernel {
  readonly name: string;
  readonly code: string;
  /**
   * of one launch of the plan: floating-point operations, and bytes of everything it touches once, as they are stored;
   * of one number, where the kernel is this target's own
   */
  readonly flops: number;
  readonly bytes: number;
  /** dispatches of one launch, in order */
  readonly passes: readonly WgslPass[];
}

export interface WgslPass {
  /** function of the kernel's module */
  readonly entry: string;
  /** workgroups on each axis; `perWorkgroup`: as many as the launch has elements divided by this, rounded up */
  readonly workgroups: readonly [number, number, number] | { readonly perWorkgroup: number };
  readonly bindings: readonly WgslBinding[];
}

export interface WgslBinding {
  readonly binding: number;
  readonly access: "read" | "write" | "uniform";
  /**
   * a parameter of the launch; the whole of a GPU buffer that several small parameters share; or the
   * places (in words) of those parameters in it
   */
  readonly of:
    | { readonly kind: "param"; readonly param: number; readonly part?: BindingPart }
    | { readonly kind: "pool" }
    | { readonly kind: "places"; readonly params: readonly number[] };
}

/** Bytes of a parameter that one binding shows, where a whole tensor is larger than a binding may be. */
export interface BindingPart {
  readonly offset: number;
  readonly bytes: number;
}

export type WgslDType = DType | "f16";

export interface WgslBuffer extends GpuTensor<WgslDType> {
  /** index into memories */
  readonly memory: number;
  /** bytes from the start of that memory */
  readonly offset: number;
}

export type WgslFeature = "subgroups" | "shader-f16" | typeof MATRICES;

/** Dawn's name for matrices that the lanes of a subgroup hold together. */
export const MATRICES = "chromium-experimental-subgroup-matrix";

export interface WgslNeeds {
  readonly storageBuffers: number;
  /** largest binding and largest GPU buffer, in bytes, and whose they are */
  readonly binding: { readonly bytes: number; readonly of: string };
  readonly buffer: { readonly bytes: number; readonly of: string };
  /** optional features that the texts use; none if not given */
  readonly features?: readonly WgslFeature[];
}

/** Memory 0 is shared by small tensors of all programs; see docs/decisions/007-bindings-of-the-wgsl-target.md. */
export const POOL = 0;
