/** Gives every expert the same number of units, so that the sum of the chosen scores is largest. */
import { clause, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const balanced = defineRule({
  slot: "select",
  name: "balanced",
  doc: "Gives every expert the same number of units, so that the sum of the chosen scores is largest.",
  example: "select balanced per batch",
  params: [],
  clauses: [
    clause(
      "per",
      value(
        word("per", ["batch", "sequence"], "among which units", { default: "batch", why: "one step is one batch" }),
      ),
      "among which units",
    ),
  ],
  needs: ["scores"],
  looksAhead: () => true,
  facts: () => ({ edgesPerUnit: 1, exactEdges: true, rowsPerExpert: { capacity: 1 } }),
});
