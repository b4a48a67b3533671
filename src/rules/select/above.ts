/** Every expert whose gate is above a threshold. */
import type { Expr } from "../../3-graph/expr.js";
import { lt, type Term } from "../../3-graph/expr-build.js";
import { clause, count, number, value } from "../../words/params.js";
import { bestOrMost } from "../meaning.js";
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
    clause(
      "at least",
      value(
        count("atLeast", "so many experts of a unit stay, whatever their gates: the best ones", {
          default: 0,
          why: "a unit may have no expert",
        }),
      ),
      "fewest experts of a unit",
    ),
  ],
  needs: ["gate", "key"],
  build(site, state, { threshold, atMost, atLeast }) {
    const meets = (gate: Expr): Term => lt(Number(threshold), gate);
    return { ...state, edges: bestOrMost(site, state, meets, atMost, Number(atLeast)) };
  },
  facts: ({ atMost }, { experts }) => ({ edgesPerUnit: typeof atMost === "number" ? atMost : experts }),
});
