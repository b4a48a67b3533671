/**
 * NVIDIA GPUs by name: what a kernel may use there and how fast the machine is at most, as their makers say. Estimates
 * and occupancies are computed from these numbers; nothing is measured here.
 */
import type { Tier } from "./program.js";

export interface CudaProfile {
  readonly name: string;
  /** compute capability times ten: 80, 89, 90 */
  readonly capability: number;
  /** what kernels for it are written for */
  readonly tier: Tier;
  readonly multiprocessors: number;
  /** bytes of shared memory that one block may ask for, and that a multiprocessor has */
  readonly sharedPerBlock: number;
  readonly sharedPerMultiprocessor: number;
  readonly registersPerMultiprocessor: number;
  readonly threadsPerMultiprocessor: number;
  readonly blocksPerMultiprocessor: number;
  /** bytes per second */
  readonly bandwidth: number;
  /** floating-point operations per second: f32 on ordinary lanes, bf16 on tensor cores, dense */
  readonly f32: number;
  readonly bf16: number;
}

const hopper = {
  capability: 90,
  tier: "hopper",
  multiprocessors: 132,
  sharedPerBlock: 232_448,
  sharedPerMultiprocessor: 233_472,
  registersPerMultiprocessor: 65_536,
  threadsPerMultiprocessor: 2048,
  blocksPerMultiprocessor: 32,
  f32: 67e12,
  bf16: 989e12,
} as const;

export const profiles = {
  H100: { ...hopper, name: "H100", bandwidth: 3.35e12 },
  H200: { ...hopper, name: "H200", bandwidth: 4.8e12 },
  A100: {
    name: "A100",
    capability: 80,
    tier: "portable",
    multiprocessors: 108,
    sharedPerBlock: 166_912,
    sharedPerMultiprocessor: 167_936,
    registersPerMultiprocessor: 65_536,
    threadsPerMultiprocessor: 2048,
    blocksPerMultiprocessor: 32,
    bandwidth: 2.04e12,
    f32: 19.5e12,
    bf16: 312e12,
  },
  RTX4090: {
    name: "RTX4090",
    capability: 89,
    tier: "portable",
    multiprocessors: 128,
    sharedPerBlock: 101_376,
    sharedPerMultiprocessor: 102_400,
    registersPerMultiprocessor: 65_536,
    threadsPerMultiprocessor: 1536,
    blocksPerMultiprocessor: 24,
    bandwidth: 1.01e12,
    f32: 82.6e12,
    bf16: 165e12,
  },
} as const satisfies Readonly<Record<string, CudaProfile>>;

/** Shared memory that a kernel has without asking, and the most that ours ask for: every GPU since 8.0 has it. */
export const STATIC_SHARED = 49_152;
export const MOST_SHARED = 101_376;
/** Blocks along the second and third axis of a grid. */
export const MOST_BLOCKS = 65_535;
