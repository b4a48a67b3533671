/** Pushes the load of the experts together: E · Σ (share of edges × mean gate), 1 when perfectly even. */

import { eq, index, mul, or, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { number, share } from "../../words/params.js";
import type { RouterSite } from "../build.js";
import { addLoss, balanceLoss, edgeShares, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";
import { overClause, overFacts } from "./mean-gate.js";

/** Shares [E] as they count: times tau where an expert computes nothing. */
function counted({ g, experts, computes }: RouterSite, shares: Value, tau: number): Value {
  const idle = Array.from({ length: experts.size }, (_, e) => e).filter((e) => !computes(e));
  if (tau === 1 || idle.length === 0) return shares;
  const isIdle = idle.map((e) => eq(index(experts.name), e)).reduce((a, b) => or(a, b));
  return g.map([shares], (f) => select(isIdle, mul(f, tau), f));
}

export const switchLoss = defineRule({
  slot: "balance",
  name: "switch",
  doc: "Pushes the load of the experts together: E · Σ (share of edges × mean gate), 1 when perfectly even.",
  example: "balance switch(0.01)",
  params: [
    number("weight", "how much the loss counts", { min: 0, default: 0.01, why: "as in Switch" }),
    share("tau", "how much experts that compute nothing count", { default: 1, why: "all experts count the same" }),
  ],
  clauses: [overClause],
  needs: ["scores"],
  facts: overFacts,
  build(site, state, { weight, tau, over }) {
    if (state.logits === undefined && state.gate === undefined) return state;
    return addLoss(site, state, () => {
      const shares = edgeShares(site.g, state.load!);
      return balanceLoss(site, counted(site, shares, Number(tau)), probabilities(site, state, over), Number(weight));
    });
  },
});
