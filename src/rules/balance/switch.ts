/** Pushes the load of the experts together: E · Σ (share of edges × mean gate), 1 when perfectly even. */
import { balanceLoss, edgeShares, probabilities } from "../meaning.js";
import { clause, number, share, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const switchLoss = defineRule({
  slot: "balance",
  name: "switch",
  doc: "Pushes the load of the experts together: E · Σ (share of edges × mean gate), 1 when perfectly even.",
  example: "balance switch(0.01)",
  params: [
    number("weight", "how much the loss counts", { min: 0, default: 0.01, why: "as in Switch" }),
    share("tau", "how much experts that compute nothing count", { default: 1, why: "all experts count the same" }),
  ],
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
  // over visible experts only, the masked ones have neither share nor gate and may stay unscored
  facts: ({ over }) => (over === "visible" ? {} : { readsAllLogits: true }),
  build(site, state, args) {
    const { g } = site;
    if (state.logits === undefined && state.gate === undefined) return state;
    const loss = g.within({ role: "router.balance" }, () => balanceLoss(site, edgeShares(g, state.load!), probabilities(site, state, args.over), Number(args.weight)));
    return { ...state, losses: [...(state.losses ?? []), loss] };
  },
});
