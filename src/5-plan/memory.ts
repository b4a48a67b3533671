/**
 * Where every buffer lies. Kept buffers follow the control block one after another; the workspace behind
 * them is shared by all programs and, within a program, by buffers whose lifetimes do not meet.
 */

/** Bytes; a cache line, and enough for any vector. */
export const ALIGN = 64;
/** First bytes of the arena: barrier and work counters. */
export const CONTROL_BYTES = 4096;

export interface Lifetime {
  readonly bytes: number;
  /** launch that writes it first */
  readonly from: number;
  /** launch that reads it last */
  readonly to: number;
}

export const align = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

/** Offsets for buffers with lifetimes, largest first, each at the lowest place free for its whole life. */
export function packLifetimes(buffers: readonly Lifetime[]): { offsets: number[]; bytes: number } {
  const order = buffers.map((_, i) => i).sort((a, b) => buffers[b]!.bytes - buffers[a]!.bytes || a - b);
  const offsets = new Array<number>(buffers.length).fill(0);
  const placed: number[] = [];
  let end = 0;
  for (const i of order) {
    const mine = buffers[i]!;
    const near = placed
      .filter((j) => buffers[j]!.from <= mine.to && mine.from <= buffers[j]!.to)
      .sort((a, b) => offsets[a]! - offsets[b]!);
    let at = 0;
    for (const j of near) {
      if (at + mine.bytes <= offsets[j]!) break;
      at = Math.max(at, offsets[j]! + align(buffers[j]!.bytes));
    }
    offsets[i] = at;
    placed.push(i);
    end = Math.max(end, at + align(mine.bytes));
  }
  return { offsets, bytes: end };
}
