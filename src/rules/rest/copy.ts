/** Units without an edge give themselves. */
import { defineRule } from "../rule.js";

export const copy = defineRule({
  slot: "rest",
  name: "copy",
  doc: "Units without an edge give themselves.",
  example: "rest copy",
  params: [],
  clauses: [],
  needs: [],
  fewScores: () => true,
  build: (_, state) => ({ ...state, restCopy: true }),
});
