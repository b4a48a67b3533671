/**
 * Edges sorted by expert (counting sort), one grouped product per matrix over the runs of rows, results read back
 * through the inverse of the sort and summed per unit. Nothing is padded, nothing is dropped, no atomics.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { le, mul, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import type { ExpertRows } from "../../experts/build.js";
import { busyExperts, expectedEdges, matrixGroupCount, productFlops, rowBytes } from "../cost.js";
import type { SiteFacts } from "../facts.js";
import type { Profile } from "../profile.js";
import { type ExpertsCall, edgeAxis, edgesPerUnit, type GroupCall, isFolded, kindOf, sumOf } from "../site.js";
import { defineStrategy, type Work } from "../strategy.js";
import { combine } from "./combine.js";
import { denseGroup } from "./dense-group.js";

export const sortedGrouped = defineStrategy({
  name: "sorted-grouped",
  doc: "Edges are sorted by expert, and each matrix meets the runs of rows in one grouped product.",
  refusal: () => undefined,
  work: sortedWork,
  lower: (g, call, site) => lowerSorted(g, call, site),
});

/** Rows, and half a tile that is lost at the end of the run of every expert that has one. */
export function sortedWork(site: SiteFacts, { tileRows }: Profile): Work {
  const rows = expectedEdges(site);
  const lost = (busyExperts(site, rows) * tileRows) / 2;
  return {
    flops: productFlops(site, rows + lost),
    bytes: rowBytes(site, rows) + 16 * rows,
    launches: (site.forwardOnly ? 4 : 9) * matrixGroupCount(site),
    because: `${Math.round(rows)} rows, about ${Math.round(lost)} more lost in tiles at the ends of runs`,
  };
}

/** y [U, C] of one mixture. */
export function lowerSorted(g: GraphBuilder, call: ExpertsCall, { room }: Pick<SiteFacts, "room">): Value {
  const parts = call.groups.map((group) =>
    isFolded(group) ? denseGroup(g, call, group) : sortedGroup(g, call, group, room),
  );
  return g.within({ role: "experts.combine" }, () => sumOf(g, parts, call.x));
}

interface Sorted {
  /** [E+1] i32 */
  readonly offsets: Value;
  /** [R] i32: edge of each row */
  readonly rows: Value;
  /** [U, K] i32: row of each edge */
  readonly slots: Value;
}

function sortedGroup(g: GraphBuilder, call: ExpertsCall, group: GroupCall, room: number | undefined): Value {
  const places = edgeAxis(call).size;
  // where experts choose, most places for edges stay empty: only those that can be taken get a row
  const most = { name: "R", size: Math.min(places, group.experts.size * (room ?? places)) };
  const sorted = g.within({ role: "experts.sort" }, () => g.partition(group.edges, group.experts, most));
  const x = g.within({ role: "experts.rows" }, () => inputRows(g, call, sorted));
  const rows = groupedRows(g, x, group, sorted);
  const inside = call.weightInside
    ? weighedInside(
        rows,
        g.within({ role: "experts.weights" }, () => weightOfRow(g, call, sorted)),
      )
    : rows;
  const y = kindOf(group).build(inside, group.weights, group.ffn);
  const weighed = call.weightInside || call.weightOnInput;
  return combine(g, { ...call, weighed }, { rows: y, slots: sorted.slots, edgeOfRow: sorted.rows });
}

/** [R]: the weight of the edge of each row, 0 for rows past the end; written down, for the tile that multiplies with it. */
function weightOfRow(g: GraphBuilder, call: ExpertsCall, { rows, slots }: Sorted): Value {
  const edges = [edgeAxis(call)];
  const weight = g.take(g.view(call.weight, edges), rows, { inverse: g.view(slots, edges) });
  return g.map([weight], (w) => w);
}

/** The same rows, multiplied with their weights before the matrix that leads back to the width of the units. */
function weighedInside(rows: ExpertRows, weight: Value): ExpertRows {
  const { g, x, multiply } = rows;
  const leadsBack = (matrix: Value): boolean => matrix.axes.at(-1)!.name !== x.axes.at(-1)!.name;
  const weigh = (left: Value): Value => g.map([left, weight], mul, { axes: left.axes });
  return { ...rows, multiply: (left, matrix) => multiply(leadsBack(matrix) ? weigh(left) : left, matrix) };
}

/** x of every row, times the weight of its edge where the weight belongs to the input. */
function inputRows(g: GraphBuilder, call: ExpertsCall, { rows, slots }: Sorted): Value {
  const x = g.take(call.x, rows, { divide: edgesPerUnit(call), inverse: slots });
  if (!call.weightOnInput) return x;
  const edges = [edgeAxis(call)];
  const weight = g.take(g.view(call.weight, edges), rows, { inverse: g.view(slots, edges) });
  return g.map([x, weight], (a, w) => mul(a, w), { axes: x.axes });
}

function groupedRows(g: GraphBuilder, x: Value, group: GroupCall, { offsets, rows }: Sorted): ExpertRows {
  return {
    g,
    x,
    multiply: (left, weight) =>
      g.contract(left, weight, [weight.axes.at(-1)!.name], {
        group: { rows: rows.axes[0]!.name, experts: weight.axes[0]!.name },
        offsets,
      }),
    own: (weight) => g.take(weight, expertOfRow(g, group, rows)),
    role: (name, body) => g.within({ role: `experts.${name}` }, body),
  };
}

/** [R] i32, −1 for rows past the end: what stands in those is nobody's, and no expert may learn from it. */
function expertOfRow(g: GraphBuilder, group: GroupCall, rows: Value): Value {
  return g.within({ role: "experts.of_row" }, () => {
    const expert = g.take(g.view(group.edges, [edgeAxis(group)]), rows);
    return g.map([rows, expert], (row, e) => select(le(0, row), e, -1), { dtype: "i32" });
  });
}
