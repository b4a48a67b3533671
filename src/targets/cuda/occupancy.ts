/** How many blocks of a kernel a multiprocessor holds at once, and what limits it. */
import type { CudaProfile } from "./profiles.js";

export interface BlockUse {
  readonly threads: number;
  /** of a thread */
  readonly registers: number;
  /** bytes of the block, declared and asked for at launch */
  readonly shared: number;
}

export interface Occupancy {
  readonly blocks: number;
  /** share of the threads that a multiprocessor can hold */
  readonly share: number;
  readonly limit: "threads" | "registers" | "shared memory" | "blocks";
}

/** Registers are given to warps in such pieces; every block keeps a kilobyte of shared memory for the system. */
const REGISTER_PIECE = 256;
const SHARED_OF_SYSTEM = 1024;

/** From what a block uses and what the machine has. */
export function occupancyOf({ threads, registers, shared }: BlockUse, gpu: CudaProfile): Occupancy {
  const warps = Math.ceil(threads / 32);
  const ofWarp = Math.ceil((registers * 32) / REGISTER_PIECE) * REGISTER_PIECE;
  const limits = [
    { limit: "threads", blocks: Math.floor(gpu.threadsPerMultiprocessor / threads) },
    { limit: "registers", blocks: Math.floor(Math.floor(gpu.registersPerMultiprocessor / ofWarp) / warps) },
    { limit: "shared memory", blocks: Math.floor(gpu.sharedPerMultiprocessor / (shared + SHARED_OF_SYSTEM)) },
    { limit: "blocks", blocks: gpu.blocksPerMultiprocessor },
  ] as const;
  const least = limits.reduce((a, b) => (b.blocks < a.blocks ? b : a));
  return { blocks: least.blocks, share: (least.blocks * threads) / gpu.threadsPerMultiprocessor, limit: least.limit };
}
