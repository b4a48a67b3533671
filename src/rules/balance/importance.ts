/** Pushes together how much the experts count over all units: the squared coefficient of variation of their sums. */
import { mul } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { clause, number, value, word } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { addLoss, squaredVariation } from "../meaning.js";
import { defineRule } from "../rule.js";

/** How much an expert counts for a unit [U, E]. */
function weights({ g, experts }: RouterSite, { edges, weight }: RouterState): Value {
  return g.spread(weight!, edges!, { axis: experts, over: edges!.axes.at(-1)!.name });
}

export const importance = defineRule({
  slot: "balance",
  name: "importance",
  doc: "Pushes together how much the experts count over all units: the squared coefficient of variation of their summed gates.",
  means: ({ over }) =>
    `Pushes together how much the experts count over all units: the squared coefficient of variation of their summed ${over === "selected" ? "weights" : "gates"}.`,
  example: "balance importance(0.1)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.1, why: "as in Shazeer 2017" })],
  clauses: [
    clause(
      "over",
      value(
        word(
          "over",
          ["all", "selected"],
          "what is summed: `all` gates, chosen or not, as in V-MoE; or how much `selected` experts count, as in Shazeer 2017",
          { default: "all", why: "every expert should be reached" },
        ),
      ),
      "what is summed",
    ),
  ],
  needs: ["scores"],
  needsMore: ({ over }) => (over === "selected" ? [] : ["gate"]),
  facts: ({ over }) => (over === "selected" ? {} : { readsAllLogits: true }),
  build(site, state, { weight, over }) {
    const { g, units } = site;
    return addLoss(site, state, () => {
      const counts = over === "selected" ? weights(site, state) : state.gate!;
      const importance = g.reduce("sum", counts, [units.name]);
      return g.map([squaredVariation(g, importance)], (cv) => mul(cv, Number(weight)));
    });
  },
});
