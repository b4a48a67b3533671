/** An expert counts as much as its gate says. */
import { call, clause, mark, number, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const gate = defineRule({
  slot: "weight",
  name: "gate",
  doc: "An expert counts as much as its gate says.",
  example: "weight gate renormalized",
  params: [],
  clauses: [
    mark("renormalized", "renormalized", "divided by the sum over the edges of the unit"),
    call("scaled", "multiplied by a constant", number("scaled", "the constant", { default: 1, why: "no scaling" })),
    clause(
      "on",
      value(
        word("on", ["output", "input"], "whether the gate multiplies what comes out of the expert or what goes in", {
          default: "output",
          why: "as nearly all designs do",
        }),
      ),
      "what the gate multiplies",
    ),
  ],
  needs: ["gate"],
  facts: ({ on }) => ({ weightOnInput: on === "input" }),
});
