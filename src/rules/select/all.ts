/** Every expert. */
import { defineRule } from "../rule.js";

export const all = defineRule({
  slot: "select",
  name: "all",
  doc: "Every expert.",
  example: "select all",
  params: [],
  clauses: [],
  needs: [],
  facts: (_, { experts }) => ({ edgesPerUnit: experts, allEdges: true, exactEdges: true }),
});
