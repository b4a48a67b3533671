/** An expert counts as much as a softmax of the scores says. */
import { clause, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const softmax = defineRule({
  slot: "weight",
  name: "softmax",
  doc: "An expert counts as much as a softmax of the scores says.",
  example: "weight softmax over selected",
  params: [],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["selected", "slots"], "which scores share the 1", {
          default: "selected",
          why: "experts that were not chosen do not count",
        }),
      ),
      "which scores share the 1",
    ),
  ],
  needs: ["scores"],
});
