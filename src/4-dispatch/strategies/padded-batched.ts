/**
 * A fixed number of places per expert and one batched product per matrix: static shapes, no sort, no runs. Only for
 * mixtures in which no expert can have more edges than there are places: the places must never drop an edge.
 */
import { sizeOf } from "../../3-graph/axes.js";
import type { GraphBuilder } from "../../3-graph/builder.js";
import { mul } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { ensure } from "../../3-graph/internal.js";
import type { ExpertRows } from "../../experts/build.js";
import { matrixExperts, matrixGroupCount, productFlops, rowBytes } from "../cost.js";
import { type ExpertsCall, edgeAxis, edgesPerUnit, type GroupCall, isFolded, kindOf, sumOf } from "../site.js";
import { defineStrategy } from "../strategy.js";
import { combine } from "./combine.js";
import { denseGroup } from "./dense-group.js";

export const paddedBatched = defineStrategy({
  name: "padded-batched",
  doc: "Every expert gets the same number of places, and each matrix is one batched product of fixed shape.",
  refusal: ({ room }) =>
    room === undefined ? "nothing limits how many edges an expert gets, so no number of places is enough" : undefined,
  work: (site, { tileRows }) => {
    const places = matrixExperts(site) * (site.room ?? site.units);
    const tiled = matrixExperts(site) * Math.ceil((site.room ?? site.units) / tileRows) * tileRows;
    return {
      flops: productFlops(site, tiled),
      bytes: rowBytes(site, places) + 16 * places,
      launches: (site.forwardOnly ? 4 : 8) * matrixGroupCount(site),
      because: `${matrixExperts(site)} experts × ${site.room} places = ${places} rows`,
    };
  },
  lower: (g, call, { room }) => {
    ensure(room !== undefined, () => `${call.name} has no fixed number of places`);
    const lower = (group: GroupCall): Value =>
      isFolded(group) ? denseGroup(g, call, group) : paddedGroup(g, call, group, { name: "P", size: room });
    return g.within({ role: "experts.combine" }, () => sumOf(g, call.groups.map(lower), call.x));
  },
});

function paddedGroup(g: GraphBuilder, call: ExpertsCall, group: GroupCall, room: Axis): Value {
  // rows [E, P]: edge of each place; slots [U, K]: place of each edge
  const { rows, slots } = g.within({ role: "experts.sort" }, () => g.bucket(group.edges, group.experts, room));
  const x = g.within({ role: "experts.rows" }, () => inputRows(g, call, rows, slots));
  const y = kindOf(group).build(batchedRows(g, x), group.weights, group.ffn);
  const places = { name: "N", size: sizeOf(rows.axes) };
  return combine(
    g,
    { ...call, weighed: call.weightOnInput },
    {
      rows: g.view(y, [places, ...y.axes.slice(2)]),
      slots,
      edgeOfRow: g.view(rows, [places]),
    },
  );
}

/** x of every place [E, P, C], zeros in free ones; times the weight of the edge where that belongs to the input. */
function inputRows(g: GraphBuilder, call: ExpertsCall, rows: Value, slots: Value): Value {
  const x = g.take(call.x, rows, { divide: edgesPerUnit(call), inverse: slots });
  if (!call.weightOnInput) return x;
  const edges = [edgeAxis(call)];
  const weight = g.take(g.view(call.weight, edges), rows, { inverse: g.view(slots, edges) });
  return g.map([x, weight], (a, w) => mul(a, w), { axes: x.axes });
}

/** The axis of experts is a batch axis of rows and weights alike. */
function batchedRows(g: GraphBuilder, x: Value): ExpertRows {
  return {
    g,
    x,
    multiply: (rows, weight) => {
      const over = weight.axes.at(-1)!.name;
      const axes = [...rows.axes.slice(0, 2), ...weight.axes.slice(1, -1)];
      return g.contract(rows, weight, [over], { axes });
    },
    own: (weight) => weight,
    role: (name, body) => g.within({ role: `experts.${name}` }, body),
  };
}
