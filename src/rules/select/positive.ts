/** Every expert whose gate is larger than 0. */
import { defineRule } from "../rule.js";

export const positive = defineRule({
  slot: "select",
  name: "positive",
  doc: "Every expert whose gate is larger than 0.",
  example: "select positive",
  params: [],
  clauses: [],
  needs: ["gate"],
  facts: (_, { experts }) => ({ edgesPerUnit: experts }),
});
