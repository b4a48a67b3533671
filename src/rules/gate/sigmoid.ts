/** A gate between 0 and 1 for every expert on its own. */
import { sigmoid as sigmoidOf } from "../../3-graph/expr-build.js";
import { ownGate } from "../meaning.js";
import { defineRule } from "../rule.js";

export const sigmoid = defineRule({
  slot: "gate",
  name: "sigmoid",
  doc: "A gate between 0 and 1 for every expert on its own.",
  example: "gate sigmoid",
  params: [],
  clauses: [],
  needs: ["scores"],
  fewScores: () => true,
  build: (site, state) => ownGate(site, state, sigmoidOf),
});
