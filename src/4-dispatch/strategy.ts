/**
 * What a dispatch strategy is: one way to run the experts of a mixture, described as data in one file of
 * `strategies/`. It says when it is legal, from facts alone, and what it costs; it never asks which rules are used.
 */
import type { GraphBuilder } from "../3-graph/builder.js";
import type { Value } from "../3-graph/graph.js";
import type { SiteFacts } from "./facts.js";
import type { Profile } from "./profile.js";
import type { ExpertsCall } from "./site.js";

/** Work of one run of the site, forward and backward together. */
export interface Work {
  /** arithmetic in matrix products */
  readonly flops: number;
  /** how many times slower than a tiled matrix product the arithmetic is; 1 if not given */
  readonly slowdown?: number;
  /** read and written outside matrix products: rows gathered, padding, indices */
  readonly bytes: number;
  /** kernels that have to wait for each other */
  readonly launches: number;
  /** the terms in words and numbers, for `explain` */
  readonly because: string;
}

export interface Strategy {
  readonly name: string;
  /** one sentence */
  readonly doc: string;
  /** undefined where the strategy computes the right thing; otherwise the fact that is missing, as a clause */
  readonly refusal: (site: SiteFacts) => string | undefined;
  readonly work: (site: SiteFacts, profile: Profile) => Work;
  /** y [U, C] in place of the `experts` node */
  readonly lower: (g: GraphBuilder, call: ExpertsCall, site: SiteFacts) => Value;
}

/** Describes a strategy; the only thing a strategy file exports. */
export function defineStrategy(strategy: Strategy): Strategy {
  return strategy;
}
