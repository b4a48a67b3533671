/** The score itself where it is positive, else 0. */
import { defineRule } from "../rule.js";

export const relu = defineRule({
  slot: "gate",
  name: "relu",
  doc: "The score itself where it is positive, else 0.",
  example: "gate relu",
  params: [],
  clauses: [],
  needs: ["scores"],
});
