/** Experts take every unit that chose them. */
import { defineRule } from "../rule.js";

export const none = defineRule({
  slot: "limit",
  name: "none",
  doc: "Experts take every unit that chose them.",
  example: "limit none",
  params: [],
  clauses: [],
  needs: [],
  fewScores: () => true,
  facts: () => ({ drops: false }),
  build: (_, state) => state,
});
