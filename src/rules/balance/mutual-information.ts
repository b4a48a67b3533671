/** Makes the experts evenly used over the batch, and each unit sure of its experts. */
import { number } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const mutualInformation = defineRule({
  slot: "balance",
  name: "mutual_information",
  doc: "Makes the experts evenly used over the batch, and each unit sure of its experts.",
  example: "balance mutual_information(1e-3)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 1e-3, why: "of the order used in DS-MoE" })],
  clauses: [],
  needs: ["scores"],
  facts: () => ({ readsAllLogits: true }),
});
