/**
 * Every unit goes to every expert, in order: weights are columns of the router's own matrix, and nothing has to be
 * looked up, sorted or counted. What `select all` asks for; an edge that a mask or a limit took away weighs 0.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { add, index, le, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { matrixExperts, matrixGroupCount, productFlops, rowBytes } from "../cost.js";
import { isEveryExpert } from "../in-place.js";
import { type ExpertsCall, type GroupCall, sumOf } from "../site.js";
import { defineStrategy } from "../strategy.js";
import { denseGroup } from "./dense-group.js";

export const dense = defineStrategy({
  name: "dense",
  doc: "Every unit goes through every expert with the router's own weights: no index is made or read.",
  refusal: ({ edgesInPlace }) =>
    edgesInPlace ? undefined : "not every unit is meant for every expert, in the order of the experts",
  work: (site) => {
    const rows = site.units * matrixExperts(site);
    return {
      flops: productFlops(site, rows),
      bytes: rowBytes(site, rows),
      launches: (site.forwardOnly ? 3 : 6) * matrixGroupCount(site),
      because: `${rows} rows, all of them wanted; no index`,
    };
  },
  lower: (g, call) => {
    const parts = call.groups.map((group) => denseGroup(g, call, group, inPlace(g, call, group)));
    return g.within({ role: "experts.combine" }, () => sumOf(g, parts, call.x));
  },
});

/** Numbers of edges [U, K] as numbers of the group's experts [U, E]: the same numbers, 0 where an edge was taken away. */
const inPlace =
  (g: GraphBuilder, call: ExpertsCall, group: GroupCall) =>
  (values: Value): Value =>
    g.within({ role: "experts.weights" }, () => {
      const kept = isEveryExpert(call.edges) ? values : g.map([call.edges, values], (e, v) => select(le(0, e), v, 0));
      const [units] = kept.axes;
      if (group.only) return g.view(kept, [units!, group.experts]);
      const own = g.map([], () => add(index(group.experts.name), group.first), {
        axes: [units!, group.experts],
        dtype: "i32",
      });
      return g.pick(kept, own, kept.axes.at(-1)!.name);
    });
