/** An expert counts as much as a softmax of the scores says. */
import { softmax as softmaxOf } from "../../3-graph/compose/softmax.js";
import { eq, index, le } from "../../3-graph/expr-build.js";
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
  build(site, state, { over }) {
    if (over === "slots") return overSlots(site, state);
    const { g, experts } = site;
    const weight = g.within({ role: "router.weight" }, () => {
      const legal = g.map([state.edges!], (e) => le(0, e));
      return softmaxOf(g, g.pick(state.logits!, state.edges!, experts.name), { legal, mayBeEmpty: true });
    });
    return { ...state, weight };
  },
});
