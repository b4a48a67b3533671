/** Cuts the experts into equal groups and lets each unit choose within the best few groups only. */
import { eq, select } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { choice, clause, count, oneOf } from "../../words/params.js";
import type { RouterSite } from "../build.js";
import { choiceKey } from "../meaning.js";
import { defineRule } from "../rule.js";

const nothing = Number.NEGATIVE_INFINITY;

/** How good each group is [U, G]: its best key, or the sum of its `best` best; -inf if nothing in it may be chosen. */
function goodness({ g }: RouterSite, key: Value, groups: Axis, best: number): Value {
  const [units, experts] = key.axes as [Axis, Axis];
  const member = { name: "GM", size: experts.size / groups.size };
  // groups of units as rows: then choosing inside a group is choosing inside a row
  const rows = g.view(key, [{ name: "N", size: units.size * groups.size }, member]);
  const most = g.reduce("max", rows, [member.name]);
  const chosen = g.pick(rows, g.topK(rows, Math.min(best, member.size), "GB"), member.name);
  const total = best === 1 ? most : g.reduce("sum", chosen, ["GB"]);
  const safe = g.map([total, most], (sum, m) => select(eq(m, nothing), nothing, sum));
  return g.view(safe, [units, groups]);
}

export const keep = defineRule({
  slot: "group",
  name: "keep",
  doc: "Cuts the experts into equal groups and lets each unit choose within the best few groups only.",
  means: ({ groups, kept, by, top }) =>
    `Cuts the experts into ${groups} groups; a unit chooses within the ${kept} best by ${by === "sum" ? `the sum of their ${top} best experts` : "their best expert"}.`,
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
  build(site, state, { groups: count, kept, by, top }) {
    const { g, units, experts } = site;
    const groups = { name: "G", size: Number(count) };
    const member = { name: "GM", size: experts.size / groups.size };
    const key = g.within({ role: "router.group" }, () => {
      const before = choiceKey(site, state);
      const good = goodness(site, before, groups, by === "sum" ? Number(top) : 1);
      const best = g.topK(good, Math.min(Number(kept), groups.size), "GK");
      const stays = g.spread(
        g.map([1], (one) => one, { axes: best.axes }),
        best,
        { axis: groups, over: "GK" },
      );
      const inGroups = g.view(before, [units, groups, member]);
      const left = g.map([inGroups, stays], (a, stay) => select(stay, a, nothing), { axes: inGroups.axes });
      return g.view(left, [units, experts]);
    });
    return { ...state, key, inGroups: true };
  },
});
