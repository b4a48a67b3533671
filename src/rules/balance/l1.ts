/** Drives gates to zero until the wanted share of experts stays positive, with a strength that adapts. */
import { number } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const l1 = defineRule({
  slot: "balance",
  name: "l1",
  doc: "Drives gates to zero until the wanted share of experts stays positive, with a strength that adapts.",
  example: "balance l1(target: 8/64)",
  params: [
    number("weight", "strength at the start", { min: 0, default: 1e-8, why: "as in ReMoE" }),
    number("target", "wanted share of positive gates, e.g. k/E", { min: 0, max: 1 }),
  ],
  clauses: [],
  needs: ["gate"],
  facts: () => ({ readsAllLogits: true }),
});
