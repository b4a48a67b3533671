/** An expert counts as much as its gate says. */
import { div, max, mul, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { call, clause, mark, number, value, word } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { chosenGate, oneOf } from "../meaning.js";
import { defineRule } from "../rule.js";

export const gate = defineRule({
  slot: "weight",
  name: "gate",
  doc: "An expert counts as much as its gate says.",
  means: ({ renormalized, over, scaled, on }) => {
    const among: Readonly<Record<string, string>> = {
      selected: "the chosen experts",
      candidates: "the best experts, whether they stay or not",
      computing: "the chosen experts that compute something, while others count 0",
      kept: "the experts that have room",
    };
    const whose = over === undefined ? (renormalized === true ? "selected" : undefined) : String(over);
    const parts = [
      ...(whose === undefined ? [] : [`divided by the sum over ${among[whose]}`]),
      ...(Number(scaled ?? 1) === 1 ? [] : [`times ${scaled}`]),
    ];
    const what =
      on === "input" ? "What an expert reads is multiplied with its gate" : "An expert counts as much as its gate says";
    return `${[what, ...parts].join(", ")}.`;
  },
  example: "weight gate renormalized",
  params: [],
  clauses: [
    clause(
      "renormalized over",
      value(
        word(
          "over",
          ["selected", "candidates", "computing", "kept"],
          "divided by the sum over some edges of the unit: `selected`, also without `over`, those that were chosen; `candidates` these and those that `thinned` left out; `computing` those to experts that compute something, while the others count 0; `kept` those that `limit` leaves",
          { optional: true },
        ),
      ),
      "divided by the sum over some edges of the unit",
    ),
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
  fewScores: ({ on, over }) => on !== "input" && (over === undefined || over === "selected"),
  facts: ({ on }) => ({ weightOnInput: on === "input" }),
  build(site, state, { renormalized, over, scaled, on }) {
    const { g } = site;
    const weight = g.within({ role: "router.weight" }, () => {
      // what does not count is left out first: a division by the sum of nothing would be of numbers that matter
      const chosen = over === "computing" ? computing(site, state) : chosenGate(site, state);
      const factor = Number(scaled ?? 1);
      if (renormalized !== true && over === undefined)
        return factor === 1 ? chosen : g.map([chosen], (w) => mul(w, factor));
      const total = g.reduce("sum", addedUp(site, state, chosen, over), ["K"]);
      return g.map([chosen, total], (w, sum) => mul(div(w, max(sum, 1e-20)), factor), { axes: chosen.axes });
    });
    return { ...state, weight, weightOnInput: on === "input", ...(over === "kept" && { weighsKept: true }) };
  },
});

/** The gates whose sum is 1 [U, K]. */
function addedUp(site: RouterSite, state: RouterState, chosen: Value, over: unknown): Value {
  if (over !== "candidates" || state.candidates === undefined) return chosen;
  return chosenGate(site, { ...state, edges: state.candidates });
}

/** Gates of the chosen experts [U, K], 0 where an expert computes nothing. */
function computing(site: RouterSite, state: RouterState): Value {
  const { g, experts, computes } = site;
  const working = Array.from({ length: experts.size }, (_, e) => e).filter(computes);
  const gates = chosenGate(site, state);
  return g.map([gates, state.edges!], (w, e) => select(oneOf(e, working), w, 0), { axes: gates.axes });
}
