/** A gate between 0 and 1 for every expert on its own. */
import { defineRule } from "../rule.js";

export const sigmoid = defineRule({
  slot: "gate",
  name: "sigmoid",
  doc: "A gate between 0 and 1 for every expert on its own.",
  example: "gate sigmoid",
  params: [],
  clauses: [],
  needs: ["scores"],
});
