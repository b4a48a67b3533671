/** The square root of softplus of the score: positive, growing slowly. */
import { defineRule } from "../rule.js";

export const sqrtSoftplus = defineRule({
  slot: "gate",
  name: "sqrt_softplus",
  doc: "The square root of softplus of the score: positive, growing slowly.",
  example: "gate sqrt_softplus",
  params: [],
  clauses: [],
  needs: ["scores"],
});
