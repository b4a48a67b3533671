/** One number per unit and expert: the product of the unit with a learned row of weights per expert. */
import { count, flag, number, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const linear = defineRule({
  slot: "score",
  name: "linear",
  doc: "One number per unit and expert: the product of the unit with a learned row of weights per expert.",
  example: "score linear",
  params: [
    flag("bias", "adds a learned number per expert"),
    count("to", "how many numbers to make, when not one per expert", { min: 1, derived: "one per expert" }),
    word("from", ["unit", "previous.scores"], "what is scored", {
      default: "unit",
      why: "the units are what is routed",
    }),
  ],
  clauses: [
    {
      words: ["normalized"],
      arg: "normalized",
      doc: "compares directions only: the unit is projected to a few numbers, and both sides are divided by their length",
      params: [
        count("projection", "how many numbers the projection makes", {
          min: 1,
          default: 16,
          why: "as in X-MoE's code",
        }),
        number("temperature", "what the cosine is divided by at the start; learned", {
          min: 0,
          above: true,
          default: 0.3,
          why: "as in MH-MoE, which starts softmax gates there",
        }),
      ],
    },
  ],
  needs: [],
});
