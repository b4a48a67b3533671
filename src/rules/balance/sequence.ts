/** Like switch, inside each sequence, averaged over the sequences. */
import { div, max, mul } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { addLoss, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";
import { chosenOf, overUnits } from "./counted.js";
import { overClause, overFacts } from "./mean-gate.js";

export const sequence = defineRule({
  slot: "balance",
  name: "sequence",
  doc: "Like switch, inside each sequence, averaged over the sequences.",
  example: "balance sequence(1e-4)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-4, why: "as in DeepSeek-V3" })],
  clauses: [overClause],
  needs: ["scores"],
  facts: overFacts,
  build(site, state, { weight, over }) {
    if (state.logits === undefined && state.gate === undefined) return state;
    return addLoss(site, state, () => {
      const { g, units, experts } = site;
      const load = overUnits(site, chosenOf(site, state.edges!), "sequence");
      const total = g.reduce("sum", load, [experts.name]);
      const shares = g.stop(g.map([load, total], (n, all) => div(n, max(all, 1)), { axes: load.axes }));
      const sums = overUnits(site, probabilities(site, state, over), "sequence");
      const each = g.map([shares, sums], (f, p) => mul(mul(f, p), (Number(weight) * experts.size) / units.size));
      return g.reduce(
        "sum",
        each,
        each.axes.map((axis) => axis.name),
      );
    });
  },
});
