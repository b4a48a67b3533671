/** Every chosen expert counts fully. */
import { le } from "../../3-graph/expr-build.js";
import { defineRule } from "../rule.js";

export const one = defineRule({
  slot: "weight",
  name: "one",
  doc: "Every chosen expert counts fully.",
  example: "weight one",
  params: [],
  clauses: [],
  needs: [],
  fewScores: () => true,
  build({ g }, state) {
    return { ...state, weight: g.within({ role: "router.weight" }, () => g.map([state.edges!], (e) => le(0, e))) };
  },
});
