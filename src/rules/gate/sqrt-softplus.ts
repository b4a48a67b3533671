/** The square root of softplus of the score: positive, growing slowly. */
import { softplus } from "../../3-graph/compose/activations.js";
import type { Expr } from "../../3-graph/expr.js";
import { sqrt } from "../../3-graph/expr-build.js";
import { onlyLegal, ownGate } from "../meaning.js";
import { defineRule } from "../rule.js";

export const sqrtSoftplus = defineRule({
  slot: "gate",
  name: "sqrt_softplus",
  doc: "The square root of softplus of the score: positive, growing slowly.",
  example: "gate sqrt_softplus",
  params: [],
  clauses: [],
  needs: ["scores"],
  fewScores: () => true,
  build(site, state) {
    const gateOf = (z: Expr): Expr => sqrt(softplus(z));
    if (state.logits === undefined) return ownGate(site, state, gateOf);
    // without a score the slope would be infinite
    const safe = site.g.within({ role: "router.gate" }, () => onlyLegal(site.g, state.logits!, state.legal));
    return { ...ownGate(site, { ...state, logits: safe }, gateOf), logits: state.logits };
  },
});
