/** Pushes the load of groups of experts together, such as the experts of one device (DeepSeek, LongCat-Flash). */
import { div, eq, index, max, mul, select, type Term } from "../../3-graph/expr-build.js";
import { count, number } from "../../words/params.js";
import { addLoss, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";
import { chosenOf, overUnits, withinClause } from "./counted.js";
import { byGroup, groupLoss, groupsOf } from "./grouped.js";

export const device = defineRule({
  slot: "balance",
  name: "device",
  doc: "Pushes the load of equal, contiguous groups of experts together, such as the experts of one device: like switch, with groups in place of experts.",
  means: ({ groups, target, within }) => {
    const where = within === "sequence" ? " of a sequence" : "";
    return target === undefined
      ? `Pushes the load${where} of ${groups} equal groups of experts together: like switch, with groups in place of experts.`
      : `Pushes ${groups} equal groups of the experts that compute something towards the same share, ${Number((Number(target) * 100).toPrecision(4))}% of the edges${where} in all, and the other experts as one group towards the rest.`;
  },
  example: "balance device(0.05, groups: 8)",
  params: [
    number("weight", "how much the loss counts", { min: 0, default: 0.05, why: "as in DeepSeekMoE and DeepSeek-V2" }),
    count("groups", "how many groups the experts form", { min: 1 }),
    number(
      "target",
      "share of the edges that should go to experts that compute something: they alone then form the groups, and the others are one more, which should get the rest. Every group the same unless written",
      { min: 0, max: 1, above: true, optional: true },
    ),
  ],
  clauses: [withinClause],
  needs: ["scores"],
  facts: () => ({ readsAllLogits: true }),
  build(site, state, { weight, groups: number, target, within }) {
    const { g } = site;
    const apart = typeof target === "number";
    const groups = groupsOf(site, Number(number), apart);
    const part = within === "sequence" ? "sequence" : "batch";
    return addLoss(site, state, () => {
      const load = overUnits(site, byGroup(site, groups, chosenOf(site, state.edges!)), part);
      const total = g.reduce("sum", load, [groups.axis.name]);
      // what a group gets, in multiples of what it should get
      const even = apart ? wanted(Number(target), Number(number)) : 1 / Number(number);
      const f = g.stop(g.map([load, total], (n, all) => div(n, mul(max(all, 1), even)), { axes: load.axes }));
      const sums = overUnits(site, byGroup(site, groups, probabilities(site, state, "all")), part);
      return groupLoss(site, f, sums, Number(weight));
    });
  },
});

/** The share of the edges that a group should get; the last one is that of the experts that compute nothing. */
function wanted(target: number, groups: number): Term {
  return select(eq(index("G"), groups), Math.max(1 - target, 1e-20), target / groups);
}
