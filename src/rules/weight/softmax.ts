/** An expert counts as much as a softmax of the scores says. */
import { softmax as softmaxOf } from "../../3-graph/compose/softmax.js";
import { le } from "../../3-graph/expr-build.js";
import { clause, value, word } from "../../words/params.js";
import { refuse } from "../refuse.js";
import { defineRule } from "../rule.js";

export const softmax = defineRule({
  slot: "weight",
  name: "softmax",
  doc: "An expert counts as much as a softmax of the scores says.",
  example: "weight softmax over selected",
  params: [],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["selected", "slots"], "which scores share the 1", {
          default: "selected",
          why: "experts that were not chosen do not count",
        }),
      ),
      "which scores share the 1",
    ),
  ],
  needs: ["scores"],
  build({ g, experts }, state, { over }, use) {
    if (over === "slots") throw refuse(use);
    const weight = g.within({ role: "router.weight" }, () => {
      const legal = g.map([state.edges!], (e) => le(0, e));
      return softmaxOf(g, g.pick(state.logits!, state.edges!, experts.name), { legal, mayBeEmpty: true });
    });
    return { ...state, weight };
  },
});
