/** Every slot of an expert reads a mixture of the units of a sequence, weighted by a softmax of its scores over them. */
import { div, exp, sub } from "../../3-graph/expr-build.js";
import { clause, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const softmax = defineRule({
  slot: "dispatch",
  name: "softmax",
  doc: "Every slot of an expert reads a mixture of the units of a sequence, weighted by a softmax of its scores over them.",
  example: "dispatch softmax over tokens",
  params: [],
  clauses: [
    clause(
      "over",
      value(word("over", ["tokens"], "what is mixed", { default: "tokens", why: "as in Soft MoE" })),
      "what is mixed",
    ),
  ],
  needs: ["scores"],
  looksAhead: () => true,
  facts: () => ({ readsAllLogits: true }),
  build({ g, units, scored, unitsPerSequence }, state) {
    const mixing = g.within({ role: "router.mixing" }, () => {
      const S = { name: "S", size: unitsPerSequence };
      const scores = g.view(state.logits!, [{ name: "B", size: units.size / S.size }, S, scored]);
      // the largest score only keeps exp small; it cancels, so no gradient goes through it
      const most = g.stop(g.reduce("max", scores, [S.name]));
      const e = g.map([scores, most], (z, m) => exp(sub(z, m)), { axes: scores.axes });
      return g.map([e, g.reduce("sum", e, [S.name])], (a, sum) => div(a, sum), { axes: scores.axes });
    });
    return { ...state, mixing };
  },
});
