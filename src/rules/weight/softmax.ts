/** An expert counts as much as a softmax of the scores says. */

import type { GraphBuilder } from "../../3-graph/builder.js";
import { softmax as softmaxOf } from "../../3-graph/compose/softmax.js";
import { eq, index, le } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { clause, value, word } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { defineRule } from "../rule.js";

/** C of Soft MoE [U, SL]; an edge weighs what the slots of its expert weigh together. */
function overSlots({ g, scored, expertOfSlot }: RouterSite, state: RouterState): RouterState {
  return g.within({ role: "router.weight" }, () => {
    const slotWeight = softmaxOf(g, state.logits!);
    const k = state.edges!.axes.at(-1)!;
    const own = g.map([], () => eq(expertOfSlot!(index(scored.name)), index(k.name)), { axes: [scored, k] });
    return { ...state, slotWeight, weight: g.contract(slotWeight, own, [scored.name]) };
  });
}

export const softmax = defineRule({
  slot: "weight",
  name: "softmax",
  doc: "An expert counts as much as a softmax of the scores says.",
  means: ({ over }) =>
    over === "slots"
      ? "A unit reads all slots, each as much as a softmax of its scores over the slots says."
      : "A softmax of the scores of the chosen experts: they share out 1.",
  example: "weight softmax over selected",
  params: [],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["selected", "slots"], "which scores share the 1", {
          default: "selected",
          why: "experts that were not chosen do not count",
        }),
      ),
      "which scores share the 1",
    ),
  ],
  needs: ["scores"],
  fewScores: ({ over }) => over === "selected",
  build(site, state, { over }) {
    if (over === "slots") return overSlots(site, state);
    const { g, experts } = site;
    const weight = g.within({ role: "router.weight" }, () => {
      if (state.split !== undefined) return perChoice(g, state.chosenScores!, state.split.heads);
      const legal = g.map([state.edges!], (e) => le(0, e));
      return softmaxOf(g, g.pick(state.logits!, state.edges!, experts.name), { legal, mayBeEmpty: true });
    });
    return { ...state, weight };
  },
});

/** Every choice of a unit shares out a 1 of its own: scores [U, heads·k]. */
function perChoice(g: GraphBuilder, scores: Value, heads: number): Value {
  const [units, all] = scores.axes as [Axis, Axis];
  const rows = [
    { name: "N", size: units.size * heads },
    { name: "K", size: all.size / heads },
  ];
  return g.view(softmaxOf(g, g.view(scores, rows)), scores.axes);
}
