/** Units without an edge give 0, so that only the residual carries them. */
import { defineRule } from "../rule.js";

export const zero = defineRule({
  slot: "rest",
  name: "zero",
  doc: "Units without an edge give 0, so that only the residual carries them.",
  example: "rest zero",
  params: [],
  clauses: [],
  needs: [],
  fewScores: () => true,
  build: (_, state) => state,
});
