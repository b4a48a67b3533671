/** The best experts of a unit until their gates hold a given share together, at least one. */
import { clause, count, share, value } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const mass = defineRule({
  slot: "select",
  name: "mass",
  doc: "The best experts of a unit until their gates hold a given share together, at least one.",
  example: "select mass(0.9) at most 8",
  params: [share("share", "share of the gate to gather")],
  clauses: [
    clause(
      "at most",
      value(count("atMost", "most experts of a unit", { min: 1, derived: "all experts" })),
      "most experts of a unit",
    ),
  ],
  needs: ["gate", "key"],
  facts: ({ atMost }, { experts }) => ({ edgesPerUnit: typeof atMost === "number" ? atMost : experts }),
});
