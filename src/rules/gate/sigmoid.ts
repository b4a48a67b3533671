/** A gate between 0 and 1 for every expert on its own. */
import { sigmoid as sigmoidOf } from "../../3-graph/expr-build.js";
import { onlyLegal } from "../meaning.js";
import { defineRule } from "../rule.js";

export const sigmoid = defineRule({
  slot: "gate",
  name: "sigmoid",
  doc: "A gate between 0 and 1 for every expert on its own.",
  example: "gate sigmoid",
  params: [],
  clauses: [],
  needs: ["scores"],
  build({ g }, state) {
    const gate = g.within({ role: "router.gate" }, () => onlyLegal(g, g.map([state.logits!], sigmoidOf), state.legal));
    return { ...state, gate, gateKind: "other" };
  },
});
