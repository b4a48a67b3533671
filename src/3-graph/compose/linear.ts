/** Matrix times rows, the shape of nearly every weight. */
import type { GraphBuilder } from "../builder.js";
import { add } from "../expr-build.js";
import type { Value } from "../graph.js";

/** x [T, in] · weight [out, in]ᵀ (+ bias [out]) -> [T, out]. */
export function linear(g: GraphBuilder, x: Value, weight: Value, bias?: Value): Value {
  const y = g.contract(x, weight, [weight.axes.at(-1)!.name]);
  return bias === undefined ? y : g.map([y, bias], (a, b) => add(a, b), { axes: y.axes });
}
