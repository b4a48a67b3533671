/** The flags of `moec bench`, whatever the target. */
import type { TuneFlags } from "./tune.js";

export interface BenchFlags extends TuneFlags {
  readonly target: string;
  readonly steps: number;
  readonly json?: boolean;
  /** count, run nothing; for targets that can be counted */
  readonly static?: boolean;
  /** cuda: the GPU that a roof is computed for */
  readonly device?: string;
  readonly set?: readonly string[];
  readonly data?: readonly string[];
}
