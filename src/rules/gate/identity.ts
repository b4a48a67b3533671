/** The score itself, whatever its sign (Mixture-of-Depths). */
import { onlyLegal } from "../meaning.js";
import { defineRule } from "../rule.js";

export const identity = defineRule({
  slot: "gate",
  name: "identity",
  doc: "The score itself, whatever its sign. Balance losses take a softmax of the scores.",
  example: "gate identity",
  params: [],
  clauses: [],
  needs: ["scores"],
  fewScores: () => true,
  build({ g }, state) {
    if (state.logits === undefined) return { ...state, gateOf: (score) => score };
    const gate = g.within({ role: "router.gate" }, () => onlyLegal(g, state.logits!, state.legal));
    return { ...state, gate };
  },
});
