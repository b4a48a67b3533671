/** Keeps the scores small: the mean square of logsumexp over the experts. */
import { clause, number, value, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const zLoss = defineRule({
  slot: "balance",
  name: "z_loss",
  doc: "Keeps the scores small: the mean square of logsumexp over the experts.",
  example: "balance z_loss(1e-3)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-3, why: "as in ST-MoE" })],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["all", "visible"], "which experts are added up", {
          default: "all",
          why: "large scores of masked experts are as dangerous",
        }),
      ),
      "which experts are added up",
    ),
  ],
  needs: ["scores"],
  facts: ({ over }) => (over === "visible" ? {} : { readsAllLogits: true }),
});
