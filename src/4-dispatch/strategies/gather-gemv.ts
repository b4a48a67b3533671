/**
 * Every edge reads the weights of its expert where they lie and multiplies its unit with them: no sort, no runs, no
 * tiles. For few units, as in decoding, where tiles would be nearly empty, and for experts that are only vectors. The
 * weights cross memory once per edge, so that it loses as soon as several units share an expert's matrices.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { le, mul, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import type { ExpertRows } from "../../experts/build.js";
import { expectedEdges, matrixGroupCount, productFlops, rowBytes, weightBytes } from "../cost.js";
import { type ExpertsCall, type GroupCall, isFolded, kindOf, sumOf } from "../site.js";
import { defineStrategy } from "../strategy.js";
import { denseGroup } from "./dense-group.js";

export const gatherGemv = defineStrategy({
  name: "gather-gemv",
  doc: "Every edge reads its expert's weights in place and multiplies one row: nothing is sorted.",
  refusal: () => undefined,
  work: (site, { gatherSlowdown }) => {
    const rows = expectedEdges(site);
    // forward once, backward once more for the rows; the gradient of the weights is written and added up per edge
    const passes = site.forwardOnly ? 1 : 4;
    return {
      flops: productFlops(site, rows),
      slowdown: gatherSlowdown,
      bytes: passes * weightBytes(site, rows) + rowBytes(site, rows),
      launches: (site.forwardOnly ? 3 : 7) * matrixGroupCount(site),
      because: `${Math.round(rows)} edges, each reads the weights of its expert`,
    };
  },
  lower: (g, call) => {
    const parts = call.groups.map((group) => (isFolded(group) ? denseGroup : gatheredGroup)(g, call, group));
    return g.within({ role: "experts.combine" }, () => sumOf(g, parts, call.x));
  },
});

function gatheredGroup(g: GraphBuilder, call: ExpertsCall, group: GroupCall): Value {
  const edges = call.edges.axes.at(-1)!;
  const x = call.weightOnInput ? g.map([call.x, call.weight], mul, { axes: edgeRows(call) }) : call.x;
  const y = kindOf(group).build(gatheredRows(g, x, group), group.weights, group.ffn);
  return g.within({ role: "experts.combine" }, () => {
    // an edge that is not there has read zeros, and a bias-free kind may still make something of them
    const weight = g.map([group.edges, call.weightOnInput ? 1 : call.weight], (e, w) => select(le(0, e), w, 0));
    const each = g.map([y, weight], mul, { axes: y.axes });
    return g.reduce("sum", each, [edges.name]);
  });
}

/** [U, K, C] */
const edgeRows = ({ x, edges }: ExpertsCall) => [...edges.axes, ...x.axes.slice(1)];

/** Units and edges stay where they are; each meets the weights that its own edge names. */
function gatheredRows(g: GraphBuilder, x: Value, group: GroupCall): ExpertRows {
  const own = (weight: Value): Value => g.take(weight, group.edges);
  return {
    g,
    x,
    multiply: (rows, weight) =>
      g.contract(rows, own(weight), [weight.axes.at(-1)!.name], { axes: rowAxes(group, weight) }),
    own,
    role: (name, body) => g.within({ role: `experts.${name}` }, body),
  };
}

/** [U, K, …outputs of the matrix] */
const rowAxes = ({ edges }: GroupCall, weight: Value) => [...edges.axes, ...weight.axes.slice(1, -1)];
