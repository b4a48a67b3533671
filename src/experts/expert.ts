/**
 * What an expert kind is: described as data in one file `src/experts/<kind>.ts`, used for routed experts, shared
 * experts and dense blocks alike. A kind without `build` can be checked, not compiled.
 */
import type { Ffn } from "../2-design/design.js";
import type { Param } from "../words/pattern.js";
import type { ExpertBuild } from "./build.js";

/** One weight of one expert; mixtures put the expert axis in front. */
export interface ExpertWeight {
  /** e.g. `up.weight` */
  readonly name: string;
  /** in terms of F (hidden), C (width) and I (the width again, on the other side of a matrix): rows, then columns; empty for none */
  readonly shape: readonly ("F" | "C" | "I" | number)[];
  /** writes into the residual stream, so it starts smaller */
  readonly residual?: boolean;
  /** starts at zero */
  readonly zero?: boolean;
}

export interface Expert {
  readonly kind: string;
  /** one sentence */
  readonly doc: string;
  readonly example: string;
  readonly params: readonly Param[];
  /** in the order in which the graph passes them */
  readonly weights: (ffn: Ffn) => readonly ExpertWeight[];
  /** matrices that every row is multiplied with, F × C each; forward costs 2·F·C FLOPs a row and matrix */
  readonly matrices: number;
  readonly build?: ExpertBuild;
  /** stands for a part of the design, which the forward pass runs where it stands */
  readonly runsElsewhere?: true;
}

/** Describes an expert kind; the only thing an expert file exports. */
export function defineExpert(expert: Expert): Expert {
  return expert;
}
