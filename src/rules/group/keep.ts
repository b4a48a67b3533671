/** Cuts the experts into equal groups and lets each unit choose within the best few groups only. */
import { choice, clause, count, oneOf } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const keep = defineRule({
  slot: "group",
  name: "keep",
  doc: "Cuts the experts into equal groups and lets each unit choose within the best few groups only.",
  example: "group 8 keep top(4) by sum(top: 2)",
  lead: count("groups", "how many equal, contiguous groups the experts form", { min: 1 }),
  params: [],
  head: [oneOf("keep", "which groups stay", [choice("top", "the best groups", count("kept", "how many", { min: 1 }))])],
  clauses: [
    clause(
      "by",
      oneOf("by", "what makes a group good", [
        choice("max", "its best expert"),
        choice(
          "sum",
          "the sum of its best experts",
          count("top", "how many are added up", { min: 1, default: 2, why: "as in DeepSeek-V3" }),
        ),
      ]),
      "what makes a group good; its best expert unless written",
    ),
  ],
  needs: ["key"],
});
