/** An expert counts as much as its gate says. */
import { div, max, mul } from "../../3-graph/expr-build.js";
import { call, clause, mark, number, value, word } from "../../words/params.js";
import { chosenGate } from "../meaning.js";
import { defineRule } from "../rule.js";

export const gate = defineRule({
  slot: "weight",
  name: "gate",
  doc: "An expert counts as much as its gate says.",
  example: "weight gate renormalized",
  params: [],
  clauses: [
    mark("renormalized", "renormalized", "divided by the sum over the edges of the unit"),
    call("scaled", "multiplied by a constant", number("scaled", "the constant", { default: 1, why: "no scaling" })),
    clause(
      "on",
      value(
        word("on", ["output", "input"], "whether the gate multiplies what comes out of the expert or what goes in", {
          default: "output",
          why: "as nearly all designs do",
        }),
      ),
      "what the gate multiplies",
    ),
  ],
  needs: ["gate"],
  // an expert may be chosen twice there, and its input cannot be weighted twice
  fewScores: ({ on }) => on !== "input",
  facts: ({ on }) => ({ weightOnInput: on === "input" }),
  build(site, state, { renormalized, scaled, on }) {
    const { g } = site;
    const weight = g.within({ role: "router.weight" }, () => {
      const chosen = chosenGate(site, state);
      const factor = Number(scaled ?? 1);
      if (renormalized !== true) return factor === 1 ? chosen : g.map([chosen], (w) => mul(w, factor));
      const total = g.reduce("sum", chosen, ["K"]);
      return g.map([chosen, total], (w, sum) => mul(div(w, max(sum, 1e-20)), factor), { axes: chosen.axes });
    });
    return { ...state, weight, weightOnInput: on === "input" };
  },
});
