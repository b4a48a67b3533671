/** Makes the router of every unit sure of itself: the mean entropy of the gate (top-p routing). */
import { log, max, mul } from "../../3-graph/expr-build.js";
import { clause, number, value, word } from "../../words/params.js";
import { addLoss, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";

export const entropy = defineRule({
  slot: "balance",
  name: "entropy",
  doc: "Makes the router of every unit sure of itself: the mean over units of −Σ p · log p.",
  example: "balance entropy(1e-4)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-4, why: "as in top-p routing" })],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["all", "visible"], "which experts share the probability", {
          default: "all",
          why: "without a mask the two are the same",
        }),
      ),
      "which experts share the probability",
    ),
  ],
  needs: ["scores"],
  facts: ({ over }) => (over === "visible" ? {} : { readsAllLogits: true }),
  build(site, state, { weight, over }) {
    const { g, units } = site;
    return addLoss(site, state, () => {
      const p = probabilities(site, state, over);
      const each = g.map([p], (q) => mul(mul(q, log(max(q, 1e-20))), -Number(weight) / units.size));
      return g.reduce(
        "sum",
        each,
        each.axes.map((axis) => axis.name),
      );
    });
  },
});
