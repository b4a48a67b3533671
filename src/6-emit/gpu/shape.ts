/** In what pieces a kind of GPU is given its work; the same for all kernels of a program, because they share tables. */
import type { OuterKernel, Param } from "../../5-plan/plan.js";

export interface GpuShape {
  /** rows of a tile of sorted rows */
  readonly tileRows: number;
  /** edges that are sorted together, by so many experts */
  readonly sortChunk: (experts: number) => number;
  /** keys that are ranked together, and whether edges are let in in rounds: where not given, one after the other */
  readonly rankChunk?: number;
  readonly admitsInRounds?: boolean;
  /** whether items are sorted by the rows that they are added to: where not, they are chained */
  readonly sortsItems?: boolean;
  /** chunks that sums of so many numbers over rows are made in, at most */
  readonly mostChunks: (size: number) => number;
  /** memory for the pieces that the inner axis of a weight gradient is cut in; it is not cut, if not given */
  readonly pieces?: (kernel: OuterKernel) => Param[];
}
