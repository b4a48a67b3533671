/**
 * Where every tensor lies in the one block of memory that a program has: kept tensors behind each other, then a
 * workspace in which tensors whose lives do not meet share places.
 */
import { packLifetimes } from "../../5-plan/memory.js";
import type { CudaBuffer } from "../../targets/cuda/program.js";
import { livesOf } from "../gpu/lives.js";
import type { Lowered } from "../gpu/lower.js";

/** Bytes that a kept tensor begins on a multiple of. */
const ALIGN = 256;
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

export interface Layout {
  readonly buffers: readonly CudaBuffer[];
  readonly arena: number;
}

export function layOut(
  lowered: Pick<Lowered, "programs"> & { readonly buffers: readonly Omit<CudaBuffer, "offset">[] },
): Layout {
  const offsets = new Array<number>(lowered.buffers.length).fill(0);
  let end = 0;
  for (const [i, b] of lowered.buffers.entries()) {
    if (b.role === "work") continue;
    offsets[i] = end;
    end += aligned(b.bytes);
  }
  const lives = livesOf(lowered);
  const work = lowered.buffers.flatMap((b, i) => (b.role === "work" && lives.has(i) ? [i] : []));
  const packed = packLifetimes(work.map((i) => ({ bytes: aligned(lowered.buffers[i]!.bytes), ...lives.get(i)! })));
  for (const [n, i] of work.entries()) offsets[i] = end + packed.offsets[n]!;
  return {
    buffers: lowered.buffers.map((b, i) => ({ ...b, offset: offsets[i]! })),
    arena: Math.max(ALIGN, end + packed.bytes),
  };
}
