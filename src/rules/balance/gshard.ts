/** Like switch, but only the first choice of every unit counts as load. */
import { eq, index, select } from "../../3-graph/expr-build.js";
import { clause, number, value, word } from "../../words/params.js";
import { balanceLoss, bestFirst, edgeShares, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";

export const gshard = defineRule({
  slot: "balance",
  name: "gshard",
  doc: "Like switch, but only the first choice of every unit counts as load.",
  example: "balance gshard(0.01)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.01, why: "as in GShard" })],
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
  build(site, state, args) {
    const { g, experts } = site;
    if (state.logits === undefined && state.gate === undefined) return state;
    const loss = g.within({ role: "router.balance" }, () => {
      const firsts = g.map([bestFirst(site, state)], (e) => select(eq(index("K"), 0), e, -1), { dtype: "i32" });
      const shares = edgeShares(g, g.histogram(firsts, experts));
      return balanceLoss(site, shares, probabilities(site, state, args.over), Number(args.weight));
    });
    return { ...state, losses: [...(state.losses ?? []), loss] };
  },
});
