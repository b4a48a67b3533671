/**
 * A compiled design for NVIDIA GPUs, as plain data: one CUDA C++ text with all kernels, the memory they share, and for
 * every program the launches in order. How a plan becomes this is `6-emit/cuda`.
 */
import type { DType } from "../../3-graph/graph.js";
import type { GpuLaunch as CudaLaunch, GpuProgramPlan as CudaProgramPlan, GpuTensor } from "../gpu-program.js";

export type { CudaLaunch, CudaProgramPlan };

export interface CudaProgram {
  /** `model.cu` */
  readonly source: string;
  /** what it includes, by name */
  readonly headers: Readonly<Record<string, string>>;
  readonly kernels: readonly CudaKernel[];
  /** the plan's buffers under their numbers, then tables and scratch memory of this target's own */
  readonly buffers: readonly CudaBuffer[];
  /** bytes of the one block of memory that everything lies in */
  readonly arena: number;
  /** what the text is written for */
  readonly tier: Tier;
  readonly programs: readonly CudaProgramPlan[];
}

/** `portable`: every GPU since compute capability 8.0; `hopper`: sm_90a, its copy engine and products of warpgroups. */
export type Tier = "portable" | "hopper";

export interface CudaKernel {
  readonly name: string;
  /** of one launch of the plan: floating-point operations, and bytes of everything it touches once, as they are stored */
  readonly flops: number;
  readonly bytes: number;
  /** whether its products are made by tensor cores */
  readonly tensor: boolean;
  /** of a product in a text for Hopper that its units cannot make: why */
  readonly whyPortable?: string;
  /** of a product that Hopper's units make: its tiles, who makes them, how results leave */
  readonly schedule?: string;
  /** of a kernel that multiplies in f32 though products are in bf16: why */
  readonly whyPlain?: string;
  /** launches of the GPU for one launch of the plan, in order */
  readonly passes: readonly CudaPass[];
}

export interface CudaPass {
  /** `extern "C"` function */
  readonly entry: string;
  /**
   * blocks on each axis; `perBlock`: as many as the launch has elements divided by this, rounded up; `tiles`: one for each
   * multiprocessor, which walks the tiles, and no more than there are tiles; `together`: blocks of a cluster
   */
  readonly grid:
    | readonly [number, number, number]
    | { readonly perBlock: number }
    | { readonly tiles: number; readonly together?: number };
  /** threads of a block */
  readonly threads: number;
  /** bytes of shared memory that are asked for at launch */
  readonly shared: number;
  /** parameters behind all others: what the copy engine has to know of tensors */
  readonly maps?: readonly TensorMapSpec[];
}

/** A tensor as the copy engine sees it: three axes, the contiguous one first; boxes land with 128-byte swizzle. */
export interface TensorMapSpec {
  readonly name: string;
  /** which of the kernel's parameters */
  readonly param: number;
  /** bytes of a number: 2 in bf16, 4 in f32 */
  readonly width: 2 | 4;
  readonly dims: readonly [number, number, number];
  /** bytes between neighbours of the second and of the third axis; multiples of 16 */
  readonly strides: readonly [number, number];
  readonly box: readonly [number, number, number];
}

export type CudaDType = DType | "bf16";

export interface CudaBuffer extends GpuTensor<CudaDType> {
  /** bytes from the start of the arena; a multiple of 256 */
  readonly offset: number;
}
