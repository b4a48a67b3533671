/** Makes the experts evenly used over the batch, and each unit sure of its experts. */

import type { Expr } from "../../3-graph/expr.js";
import { log, max, mul, sub } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { addLoss, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";

/** p log p, 0 at 0. */
const information = (p: Expr): Expr => mul(p, log(max(p, 1e-20)));

export const mutualInformation = defineRule({
  slot: "balance",
  name: "mutual_information",
  doc: "Makes the experts evenly used over the batch, and each unit sure of its experts.",
  example: "balance mutual_information(1e-3)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-3, why: "of the order used in DS-MoE" })],
  clauses: [],
  needs: ["scores"],
  facts: () => ({ readsAllLogits: true }),
  build(site, state, { weight }) {
    const { g, units, experts } = site;
    return addLoss(site, state, () => {
      const p = probabilities(site, state, "visible");
      const mean = g.map([g.reduce("sum", p, [units.name])], (sum) => mul(sum, 1 / units.size));
      const whole = g.reduce("sum", g.map([mean], information), [experts.name]);
      const each = g.reduce("sum", g.map([p], information), [units.name, experts.name]);
      // −H(mean) + mean H, with H = −Σ p log p
      return g.map([whole, each], (all, sum) => mul(sub(all, mul(sum, 1 / units.size)), Number(weight)));
    });
  },
});
