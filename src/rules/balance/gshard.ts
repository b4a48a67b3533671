/** Like switch, but only the first choice of every unit counts as load. */
import { clause, number, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const gshard = defineRule({
  slot: "balance",
  name: "gshard",
  doc: "Like switch, but only the first choice of every unit counts as load.",
  example: "balance gshard(0.01)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.01, why: "as in GShard" })],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["all", "visible"], "which experts the mean gate is taken over", {
          default: "all",
          why: "every expert should be reached",
        }),
      ),
      "which experts the mean gate is taken over",
    ),
  ],
  needs: ["scores"],
  facts: ({ over }) => (over === "visible" ? {} : { readsAllLogits: true }),
});
