/** Like switch, inside each sequence, averaged over the sequences. */
import { div, max, mul } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { clause, number, value, word } from "../../words/params.js";
import type { RouterSite } from "../build.js";
import { addLoss, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";

/** 1 where a unit has an edge to an expert [U, E]. */
function chosenOf({ g, experts }: RouterSite, edges: Value): Value {
  const k = edges.axes.at(-1)!.name;
  return g.spread(
    g.map([1], (one) => one, { axes: edges.axes }),
    edges,
    { axis: experts, over: k },
  );
}

/** [U, E] summed inside each sequence [B, E]. */
function bySequence({ g, units, experts, unitsPerSequence: size }: RouterSite, x: Value): Value {
  const [B, SU] = [
    { name: "B", size: units.size / size },
    { name: "SU", size },
  ];
  return g.reduce("sum", g.view(x, [B, SU, experts]), [SU.name]);
}

export const sequence = defineRule({
  slot: "balance",
  name: "sequence",
  doc: "Like switch, inside each sequence, averaged over the sequences.",
  example: "balance sequence(1e-4)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-4, why: "as in DeepSeek-V3" })],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["all", "visible"], "which experts the mean gate is taken over", {
          default: "all",
          why: "every expert should be reached",
        }),
      ),
      "which experts the mean gate is taken over",
    ),
  ],
  needs: ["scores"],
  facts: ({ over }) => (over === "visible" ? {} : { readsAllLogits: true }),
  build(site, state, { weight, over }) {
    if (state.logits === undefined && state.gate === undefined) return state;
    return addLoss(site, state, () => {
      const { g, units, experts, unitsPerSequence: length } = site;
      const sequences = units.size / length;
      const load = bySequence(site, chosenOf(site, state.edges!));
      const total = g.reduce("sum", load, [experts.name]);
      const shares = g.stop(g.map([load, total], (n, all) => div(n, max(all, 1)), { axes: load.axes }));
      const sums = bySequence(site, probabilities(site, state, over));
      const each = g.map([shares, sums], (f, p) =>
        mul(mul(f, p), (Number(weight) * experts.size) / (length * sequences)),
      );
      return g.reduce(
        "sum",
        each,
        each.axes.map((axis) => axis.name),
      );
    });
  },
});
