/** The way back from rows to units: read each edge's row, weight it, add up the edges of a unit. A gather: nothing is scattered. */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { mul } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { type ExpertsCall, edgesPerUnit } from "../site.js";

export interface Computed {
  /** [R, C] */
  readonly rows: Value;
  /** [U, K] i32: row of each edge, −1 for none */
  readonly slots: Value;
  /** [R] i32: edge of each row, −1 for none */
  readonly edgeOfRow: Value;
}

/** What is combined: `weighed` where the rows have already been multiplied with the weights of their edges. */
export type CombineCall = Pick<ExpertsCall, "x" | "edges" | "weight"> & { readonly weighed: boolean };

/** [U, C]: Σ_k weight · row; the weight is left out where the rows have it in them. */
export function combine(g: GraphBuilder, call: CombineCall, { rows, slots, edgeOfRow }: Computed): Value {
  return g.within({ role: "experts.combine" }, () => {
    const units = call.x.axes.slice(0, 1);
    // one edge per unit: the row is the result, there is nothing to add up
    const single = edgesPerUnit(call) === 1;
    const [index, weight] = single ? [g.view(slots, units), g.view(call.weight, units)] : [slots, call.weight];
    const each = g.take(rows, index, { inverse: edgeOfRow });
    const weighted = call.weighed ? each : g.map([each, weight], (a, w) => mul(a, w), { axes: each.axes });
    return single ? weighted : g.reduce("sum", weighted, [slots.axes.at(-1)!.name]);
  });
}
