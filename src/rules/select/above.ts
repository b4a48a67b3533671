/** Every expert whose gate is above a threshold. */
import { lt } from "../../3-graph/expr-build.js";
import { clause, count, number, value } from "../../words/params.js";
import { bestWhere } from "../meaning.js";
import { defineRule } from "../rule.js";

export const above = defineRule({
  slot: "select",
  name: "above",
  doc: "Every expert whose gate is above a threshold.",
  example: "select above(0.5) at most 4",
  params: [number("threshold", "the gate must be larger than this")],
  clauses: [
    clause(
      "at most",
      value(count("atMost", "most experts of a unit", { min: 1, derived: "all experts" })),
      "most experts of a unit",
    ),
  ],
  needs: ["gate", "key"],
  build(site, state, { threshold, atMost }) {
    return { ...state, edges: bestWhere(site, state, (gate) => lt(Number(threshold), gate), atMost) };
  },
  facts: ({ atMost }, { experts }) => ({ edgesPerUnit: typeof atMost === "number" ? atMost : experts }),
});
