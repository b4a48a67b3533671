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
export const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

export interface Layout {
  readonly buffers: readonly CudaBuffer[];
  readonly arena: number;
}

/** A tensor that has no place yet; `inside`: it is a part of another, from a byte on. */
export type Unplaced = Omit<CudaBuffer, "offset"> & {
  readonly inside?: { readonly buffer: number; readonly at: number };
};

/** Weights lie behind each other in the order of the plan, before everything else. */
export function layOut(lowered: Pick<Lowered, "programs"> & { readonly buffers: readonly Unplaced[] }): Layout {
  const offsets = new Array<number>(lowered.buffers.length).fill(0);
  let end = 0;
  const kept = [...lowered.buffers.entries()].filter(([, b]) => b.role !== "work");
  for (const [i, b] of [...kept.filter(([, b]) => b.role === "param"), ...kept.filter(([, b]) => b.role !== "param")]) {
    offsets[i] = b.inside ? offsets[b.inside.buffer]! + b.inside.at : end;
    if (!b.inside) end += aligned(b.bytes);
  }
  const lives = livesOf(lowered);
  const work = lowered.buffers.flatMap((b, i) => (b.role === "work" && lives.has(i) ? [i] : []));
  const packed = packLifetimes(work.map((i) => ({ bytes: aligned(lowered.buffers[i]!.bytes), ...lives.get(i)! })));
  for (const [n, i] of work.entries()) offsets[i] = end + packed.offsets[n]!;
  return {
    buffers: lowered.buffers.map(({ inside: _, ...b }, i) => ({ ...b, offset: offsets[i]! })),
    arena: Math.max(ALIGN, end + packed.bytes),
  };
}
