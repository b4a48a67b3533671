/** Gives every expert the same number of units, so that the sum of the chosen scores is largest. */
import { add, div, exp, log, max, mul, select, sub } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { clause, count, value, word } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { choiceKey } from "../meaning.js";
import { defineRule } from "../rule.js";

/** Scores, not gates: what is added up over units must not depend on their other experts. [U, E] */
const scoresOf = (site: RouterSite, state: RouterState): Value => choiceKey(site, { ...state, gate: undefined });

/** The axes of one problem behind those that count problems: units of the batch, or of each sequence. */
function among({ units, unitsPerSequence }: RouterSite, per: unknown): readonly Axis[] {
  if (per !== "sequence") return [units];
  return [
    { name: "B", size: units.size / unitsPerSequence },
    { name: "S", size: unitsPerSequence },
  ];
}

/**
 * Sinkhorn's scaling: rows and columns of exp(score) are divided in turn until every expert weighs the same; then every
 * unit takes its best expert. Nearly even, not exactly; as in Megatron's router. Keys [U, E], rows only up to a factor.
 */
function sinkhorn(site: RouterSite, state: RouterState, axes: readonly Axis[], rounds: number): Value {
  const { g, units, experts } = site;
  const scores = scoresOf(site, state);
  const most = g.reduce("max", scores, [experts.name]);
  const one = axes.at(-1)!;
  const cost = g.view(
    g.map([scores, most], (z, m) => exp(sub(z, m))),
    [...axes, experts],
  );
  const none = axes.slice(0, -1);
  let column = g.map([], () => 1, { axes: [...none, experts] });
  for (let round = 0; round < rounds; round++) {
    const row = g.reduce("sum", g.map([cost, column], mul, { axes: cost.axes }), [experts.name]);
    const shared = g.map([cost, row], (c, sum) => div(c, max(sum, 1e-20)), { axes: cost.axes });
    const total = g.reduce("sum", shared, [one.name]);
    column = g.map([total], (sum) => div(one.size / experts.size, max(sum, 1e-20)));
  }
  const scaled = g.map([cost, column], (c, d) => select(c, add(log(max(c, 1e-37)), log(d)), Number.NEGATIVE_INFINITY), {
    axes: cost.axes,
  });
  return g.view(scaled, [units, experts]);
}

export const balanced = defineRule({
  slot: "select",
  name: "balanced",
  doc: "Gives every expert the same number of units, so that the sum of the chosen scores is largest.",
  example: "select balanced per batch",
  params: [
    word(
      "by",
      ["assignment", "sinkhorn"],
      "exactly even by the best assignment, or nearly even by Sinkhorn's scaling",
      {
        default: "assignment",
        why: "as in BASE layers",
      },
    ),
    count("rounds", "how often Sinkhorn's scaling goes over units and experts", {
      min: 1,
      default: 8,
      why: "enough for scores of ordinary size",
    }),
  ],
  clauses: [
    clause(
      "per",
      value(
        word("per", ["batch", "sequence"], "among which units", { default: "batch", why: "one step is one batch" }),
      ),
      "among which units",
    ),
  ],
  needs: ["scores"],
  looksAhead: () => true,
  facts: ({ by }) => ({
    edgesPerUnit: 1,
    exactEdges: true,
    ...(by !== "sinkhorn" && { rowsPerExpert: { capacity: 1 } }),
  }),
  build(site, state, { by, per, rounds }) {
    const { g, units, experts } = site;
    const axes = among(site, per);
    const K = { name: "K", size: 1 };
    return g.within({ role: "router.select" }, () => {
      if (by === "sinkhorn") {
        const key = sinkhorn(site, state, axes, Number(rounds));
        return { ...state, edges: g.topK(g.stop(key), 1) };
      }
      const expert = g.assign(g.view(scoresOf(site, state), [...axes, experts]));
      const problems = units.size / axes.at(-1)!.size;
      // experts that some units may not see can leave no even choice
      const room = state.legal === undefined ? problems * Math.ceil(axes.at(-1)!.size / experts.size) : undefined;
      return { ...state, edges: g.view(expert, [units, K]), ...(room !== undefined && { room }) };
    });
  },
});
