/** Pushes together how many units are sent to each group of experts, such as the experts of one device (DeepSeek-V2). */
import { lt, select } from "../../3-graph/expr-build.js";
import { count, number } from "../../words/params.js";
import { addLoss, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";
import { chosenOf, overUnits, withinClause } from "./counted.js";
import { byGroup, groupLoss, groupsOf } from "./grouped.js";

export const communication = defineRule({
  slot: "balance",
  name: "communication",
  doc: "Pushes together how many units are sent to each of equal, contiguous groups of experts, such as the experts of one device; a unit counts once for a group, however many of its experts it uses.",
  example: "balance communication(0.02, groups: 8, kept: 3)",
  params: [
    number("weight", "how much the loss counts", { min: 0, default: 0.02, why: "as in DeepSeek-V2" }),
    count("groups", "how many groups the experts form", { min: 1 }),
    count("kept", "to how many groups a unit may go: what `group … keep top(n)` says", { min: 1 }),
  ],
  clauses: [withinClause],
  needs: ["scores"],
  facts: () => ({ readsAllLogits: true }),
  build(site, state, { weight, groups: number, kept, within }) {
    const { g } = site;
    const groups = groupsOf(site, Number(number), false);
    const part = within === "sequence" ? "sequence" : "batch";
    return addLoss(site, state, () => {
      const edges = byGroup(site, groups, chosenOf(site, state.edges!));
      const sent = g.stop(g.map([edges], (n) => select(lt(0, n), 1, 0)));
      const sums = overUnits(site, byGroup(site, groups, probabilities(site, state, "all")), part);
      const units = part === "sequence" ? site.unitsPerSequence : site.units.size;
      const scale = (Number(weight) * groups.axis.size) / (Number(kept) * units);
      return groupLoss(site, overUnits(site, sent, part), sums, scale);
    });
  },
});
