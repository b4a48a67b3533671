/**
 * A number per expert that is taken off for choosing only: after every step, how much better than what a unit just left out
 * an expert had to be, so that it would have got an even share of the units (Megatron's quantile balancing).
 */
import { add, and, eq, floor, le, mul, select, sub } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { number } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { choiceKey } from "../meaning.js";
import { defineRule } from "../rule.js";

/** What the best expert that a unit left out was worth to it [U], and whether there is one [U]. */
function leftOut({ g, units, experts }: RouterSite, key: Value, k: number) {
  const best = g.topK(key, k + 1, "KQ");
  const nth = g.map([], () => k, { axes: [units], dtype: "i32" });
  const next = g.pick(best, nth, "KQ");
  return { worth: g.pick(key, next, experts.name), exists: g.map([next], (e) => le(0, e)) };
}

/** How much an expert must be better to have an even share of the units [E]; `before` where there are too few of them. */
function quantile(site: RouterSite, state: RouterState, base: Value, before: Value, k: number): Value {
  const { g, units, experts } = site;
  const { worth, exists } = leftOut(site, choiceKey(site, state), k);
  // who chooses stands before whom it chooses from
  const better = g.map(
    [g.stop(base), worth, exists, state.legal ?? 1],
    (s, a, is, ok) => select(and(is, ok), sub(s, a), Number.NEGATIVE_INFINITY),
    { axes: [experts, units] },
  );
  const { rank } = g.rank(better);
  const even = Math.floor((units.size * k) / experts.size);
  const at = g.map([rank], (r) => eq(r, even), { axes: rank.axes });
  const found = g.reduce("sum", at, [units.name]);
  const margin = g.reduce(
    "sum",
    g.map([at, better], (is, m) => select(is, m, 0), { axes: better.axes }),
    [units.name],
  );
  return g.map([found, margin, before], (n, m, b) => select(le(1, floor(add(n, 0.5))), m, b));
}

export const quantileBias = defineRule({
  slot: "bias",
  name: "quantile",
  doc: "A number per expert that is taken off for choosing only: after every step, by how much the expert had to be better than what units just left out to get an even share of them.",
  example: "bias quantile",
  params: [
    number("rate", "how much of the new number counts, beside the old one", {
      min: 0,
      max: 1,
      default: 1,
      why: "as in Megatron, where the new number replaces the old one",
    }),
  ],
  clauses: [],
  needs: ["key"],
  state: (_, { experts }) => [{ name: "quantile", shape: [experts] }],
  build(site, state, { rate }) {
    const { g, experts } = site;
    const kept = site.state("router.quantile", [experts]);
    const base = state.key ?? state.gate ?? state.logits!;
    const key = g.within({ role: "router.key" }, () => g.map([g.stop(base), kept], sub, { axes: base.axes }));
    const own = { ...state, key };
    const finish = (_: Value, edges: Value): { target: Value; value: Value } => {
      const k = edges.axes.at(-1)!.size;
      if (k >= experts.size) return { target: kept, value: kept };
      const wanted = quantile(site, own, base, kept, k);
      const value = g.map([kept, wanted], (b, w) => add(b, mul(sub(w, b), Number(rate))));
      return { target: kept, value };
    };
    return { ...own, afterLoad: [...(state.afterLoad ?? []), finish] };
  },
});
