/** Multiplies what the router sees by a random number close to 1. */
import { share } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const jitter = defineRule({
  slot: "noise",
  name: "jitter",
  doc: "Multiplies what the router sees by a random number close to 1.",
  example: "noise jitter(1%) while training",
  params: [share("by", "how far from 1 the number may be", { default: 0.01, why: "as in Switch" })],
  clauses: [],
  needs: ["scores"],
});
