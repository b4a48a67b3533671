/** Like switch, but only the first choice of every unit counts as load. */
import { eq, index, select } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { addLoss, balanceLoss, bestFirst, edgeShares, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";
import { overClause, overFacts } from "./mean-gate.js";

export const gshard = defineRule({
  slot: "balance",
  name: "gshard",
  doc: "Like switch, but only the first choice of every unit counts as load.",
  example: "balance gshard(0.01)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.01, why: "as in GShard" })],
  clauses: [overClause],
  needs: ["scores"],
  facts: overFacts,
  build(site, state, args) {
    const { g, experts } = site;
    if (state.logits === undefined && state.gate === undefined) return state;
    return addLoss(site, state, () => {
      const firsts = g.map([bestFirst(site, state)], (e) => select(eq(index("K"), 0), e, -1), { dtype: "i32" });
      const shares = edgeShares(g, g.histogram(firsts, experts));
      return balanceLoss(site, shares, probabilities(site, state, args.over), Number(args.weight));
    });
  },
});
