/**
 * Pushes together how many units each expert can expect (Shazeer 2017, appendix A): the chance that a unit would choose
 * an expert if only that expert's noise were drawn anew, which unlike a count has a gradient.
 */
import { add, div, erf, index, le, lt, mul, select, sub } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { number } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { addLoss, squaredVariation } from "../meaning.js";
import { defineRule } from "../rule.js";

/** What an expert must beat to be among the k best [U, E]: the k-th best of the others; whether there is one [U, E]. */
function threshold({ g, units, experts }: RouterSite, noisy: Value, k: number) {
  const places: Axis = { name: "KL", size: k + 1 };
  const best = g.topK(g.stop(noisy), k + 1, places.name);
  const nth = (n: number): Value =>
    g.pick(
      best,
      g.map([], () => n, { axes: [units], dtype: "i32" }),
      places.name,
    );
  const [last, next] = [nth(k - 1), nth(k)];
  const first = g.map([], () => lt(index(places.name), k), { axes: best.axes });
  const isChosen = g.spread(first, best, { axis: experts, over: places.name });
  const [atLast, atNext] = [last, next].map((at) => g.pick(noisy, at, experts.name)) as [Value, Value];
  const axes = [units, experts];
  return {
    value: g.map([isChosen, atNext, atLast], (c, a, b) => select(c, a, b), { axes }),
    exists: g.map([isChosen, next, last], (c, a, b) => le(0, select(c, a, b)), { axes }),
  };
}

/** The chance of every unit to choose every expert [U, E]. */
function chances(site: RouterSite, state: RouterState, k: number): Value {
  const { g, units, experts } = site;
  const { logits, legal, clean, noiseSize } = state;
  const axes = [units, experts];
  const noisy = g.map([logits!, legal ?? 1], (z, ok) => select(ok, z, Number.NEGATIVE_INFINITY), { axes });
  const beat = threshold(site, noisy, k);
  return g.map(
    [clean!, beat.value, noiseSize!, beat.exists, legal ?? 1],
    (z, t, size, exists, ok) => {
      const chance = mul(add(erf(mul(div(sub(z, t), size), Math.SQRT1_2)), 1), 0.5);
      return select(ok, select(exists, chance, 1), 0);
    },
    { axes },
  );
}

export const load = defineRule({
  slot: "balance",
  name: "load",
  doc: "Pushes together how many units each expert can expect, given the noise of its scores: their squared coefficient of variation. Without noise, as in evaluation, the edges are counted.",
  example: "balance load(0.1)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.1, why: "as in Shazeer 2017" })],
  clauses: [],
  needs: ["noise"],
  facts: () => ({ readsAllLogits: true }),
  build(site, state, { weight }) {
    const { g, units, experts } = site;
    const k = state.edges!.axes.at(-1)!.size;
    return addLoss(site, state, () => {
      const smooth = state.noiseSize !== undefined && k < experts.size;
      const loads = smooth ? g.reduce("sum", chances(site, state, k), [units.name]) : g.stop(state.load!);
      return g.map([squaredVariation(g, loads)], (cv) => mul(cv, Number(weight)));
    });
  },
});
