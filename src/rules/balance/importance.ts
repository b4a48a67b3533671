/** Pushes the summed gates of the experts together: their squared coefficient of variation. */
import { div, max, mul, square, sub } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { addLoss } from "../meaning.js";
import { defineRule } from "../rule.js";

export const importance = defineRule({
  slot: "balance",
  name: "importance",
  doc: "Pushes the summed gates of the experts together: their squared coefficient of variation.",
  example: "balance importance(0.1)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.1, why: "as in Shazeer 2017" })],
  clauses: [],
  needs: ["gate"],
  facts: () => ({ readsAllLogits: true }),
  build(site, state, { weight }) {
    const { g, units, experts } = site;
    return addLoss(site, state, () => {
      const importance = g.reduce("sum", state.gate!, [units.name]);
      const total = g.reduce("sum", importance, [experts.name]);
      const squares = g.reduce("sum", g.map([importance], square), [experts.name]);
      // variance / mean² = E · Σ s² / (Σ s)² − 1
      return g.map([squares, total], (two, one) =>
        mul(sub(mul(div(two, max(square(one), 1e-20)), experts.size), 1), Number(weight)),
      );
    });
  },
});
