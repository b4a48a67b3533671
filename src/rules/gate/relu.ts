/** The score itself where it is positive, else 0. */
import { relu as reluOf } from "../../3-graph/compose/activations.js";
import { ownGate } from "../meaning.js";
import { defineRule } from "../rule.js";

export const relu = defineRule({
  slot: "gate",
  name: "relu",
  doc: "The score itself where it is positive, else 0.",
  example: "gate relu",
  params: [],
  clauses: [],
  needs: ["scores"],
  fewScores: () => true,
  build: (site, state) => ownGate(site, state, reluOf),
});
