/** Like switch, inside each sequence, averaged over the sequences. */
import { clause, number, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const sequence = defineRule({
  slot: "balance",
  name: "sequence",
  doc: "Like switch, inside each sequence, averaged over the sequences.",
  example: "balance sequence(1e-4)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-4, why: "as in DeepSeek-V3" })],
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
