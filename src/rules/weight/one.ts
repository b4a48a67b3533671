/** Every chosen expert counts fully. */
import { defineRule } from "../rule.js";

export const one = defineRule({
  slot: "weight",
  name: "one",
  doc: "Every chosen expert counts fully.",
  example: "weight one",
  params: [],
  clauses: [],
  needs: [],
});
