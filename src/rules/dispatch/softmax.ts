/** Every expert reads a mixture of all units, weighted by a softmax of its scores over the units. */
import { clause, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const softmax = defineRule({
  slot: "dispatch",
  name: "softmax",
  doc: "Every expert reads a mixture of all units, weighted by a softmax of its scores over the units.",
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
  facts: () => ({ readsAllLogits: true, allEdges: true }),
});
