/** Keeps the scores small: the mean square of logsumexp over the experts. */
import { logSumExp } from "../../3-graph/compose/softmax.js";
import { mul, square } from "../../3-graph/expr-build.js";
import { clause, number, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const zLoss = defineRule({
  slot: "balance",
  name: "z_loss",
  doc: "Keeps the scores small: the mean square of logsumexp over the experts.",
  example: "balance z_loss(1e-3)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-3, why: "as in ST-MoE" })],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["all", "visible"], "which experts are added up", {
          default: "all",
          why: "large scores of masked experts are as dangerous",
        }),
      ),
      "which experts are added up",
    ),
  ],
  needs: ["scores"],
  facts: ({ over }) => (over === "visible" ? {} : { readsAllLogits: true }),
  build(site, state, args) {
    const { g } = site;
    if (state.logits === undefined && state.gate === undefined) return state;
    const loss = g.within({ role: "router.balance" }, () => {
      const lse = logSumExp(g, state.logits!, { legal: args.over === "visible" ? state.legal : undefined });
      const total = g.reduce("sum", g.map([lse], square), [site.units.name]);
      return g.map([total], (sum) => mul(sum, Number(args.weight) / site.units.size));
    });
    return { ...state, losses: [...(state.losses ?? []), loss] };
  },
});
