/** Positive gates that add up to 1 over the experts of a unit. */
import { clause, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const softmax = defineRule({
  slot: "gate",
  name: "softmax",
  doc: "Positive gates that add up to 1 over the experts of a unit.",
  example: "gate softmax",
  params: [],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["all", "visible"], "the experts that share the 1; masked experts have gate 0 in any case", {
          default: "all",
          why: "without a mask the two are the same",
        }),
      ),
      "the experts that share the 1",
    ),
  ],
  needs: ["scores"],
});
