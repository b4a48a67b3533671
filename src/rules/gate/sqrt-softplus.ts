/** The square root of softplus of the score: positive, growing slowly. */
import { softplus } from "../../3-graph/compose/activations.js";
import { sqrt } from "../../3-graph/expr-build.js";
import { onlyLegal } from "../meaning.js";
import { defineRule } from "../rule.js";

export const sqrtSoftplus = defineRule({
  slot: "gate",
  name: "sqrt_softplus",
  doc: "The square root of softplus of the score: positive, growing slowly.",
  example: "gate sqrt_softplus",
  params: [],
  clauses: [],
  needs: ["scores"],
  build({ g }, state) {
    const gate = g.within({ role: "router.gate" }, () =>
      onlyLegal(
        g,
        // without a score the slope would be infinite
        g.map([onlyLegal(g, state.logits!, state.legal)], (z) => sqrt(softplus(z))),
        state.legal,
      ),
    );
    return { ...state, gate, gateKind: "other" };
  },
});
