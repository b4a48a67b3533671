/**
 * How edges are spread over experts while a mixture is measured: evenly, by Zipf's law, and all to the same experts.
 * Drawn from a fixed seed, so that a measurement can be repeated.
 */

import type { SiteFacts } from "../4-dispatch/facts.js";
import { nextWord, type Rng, stream } from "../runtime/rng.js";

export const LOADS = ["uniform", "zipf", "one-hot"] as const;
export type Load = (typeof LOADS)[number];

type Sizes = Pick<SiteFacts, "units" | "experts" | "edgesPerUnit" | "room" | "edgesInPlace">;

/** The loads that tell strategies apart: where every unit goes to every expert there is only one. */
export const loadsOf = ({ edgesInPlace }: Sizes): readonly Load[] => (edgesInPlace ? ["uniform"] : LOADS);

/** Edges [U, K], −1 for none: different experts for one unit, and no expert has more than there is room for. */
export function edgesUnder(load: Load, site: Sizes): Int32Array {
  const { units, experts, edgesPerUnit, room = units } = site;
  const rng = stream(1, "tune", load);
  const taken = new Int32Array(experts);
  const edges = new Int32Array(units * edgesPerUnit);
  for (let u = 0; u < units; u++) {
    const chosen = site.edgesInPlace ? inOrder(experts) : distinct(load, rng, experts, edgesPerUnit);
    for (const [k, expert] of chosen.entries()) {
      edges[u * edgesPerUnit + k] = taken[expert]! < room ? expert : -1;
      if (taken[expert]! < room) taken[expert]!++;
    }
  }
  return edges;
}

const inOrder = (experts: number): readonly number[] => Array.from({ length: experts }, (_, e) => e);

/** `count` different experts; for a random load drawn one after the other, by weight. */
function distinct(load: Load, rng: Rng, experts: number, count: number): readonly number[] {
  if (load === "one-hot") return inOrder(count);
  const left = inOrder(experts).map((e) => (load === "zipf" ? 1 / (e + 1) : 1));
  return Array.from({ length: count }, () => {
    const expert = draw(left, nextWord(rng) / 2 ** 32);
    left[expert] = 0;
    return expert;
  });
}

/** The number of the weight in which the point lies, 0 ≤ point < 1. */
function draw(weights: readonly number[], point: number): number {
  let rest = point * weights.reduce((sum, w) => sum + w, 0);
  const found = weights.findIndex((w) => {
    rest -= w;
    return rest < 0;
  });
  return found >= 0 ? found : weights.findLastIndex((w) => w > 0);
}
