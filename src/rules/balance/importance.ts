/** Pushes the summed gates of the experts together: their squared coefficient of variation. */
import { mul } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { addLoss, squaredVariation } from "../meaning.js";
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
    const { g, units } = site;
    return addLoss(site, state, () => {
      const importance = g.reduce("sum", state.gate!, [units.name]);
      return g.map([squaredVariation(g, importance)], (cv) => mul(cv, Number(weight)));
    });
  },
});
