/** Adds normal noise to the scores. */
import { flag, number } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const gaussian = defineRule({
  slot: "noise",
  name: "gaussian",
  doc: "Adds normal noise to the scores.",
  example: "noise gaussian(learned) while training",
  params: [
    flag("learned", "the noise of each unit and expert has a learned size, softplus of a linear score"),
    number("std", "size of the noise when it is not learned, divided by the number of experts", {
      min: 0,
      default: 1,
      why: "as in V-MoE",
    }),
  ],
  clauses: [],
  needs: ["scores"],
});
