/** What several scores are made of. Not a rule. */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { div, max, sqrt, square } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import type { RuleWeight } from "../rule.js";

/** Rows divided by their length. */
export function ofLengthOne(g: GraphBuilder, x: Value): Value {
  const length = g.reduce("sum", g.map([x], square), [x.axes.at(-1)!.name]);
  return g.map([x, length], (a, l) => div(a, sqrt(max(l, 1e-12))), { axes: x.axes });
}

/** A learned number per expert, 0 at the start. */
export const scoreBias = (outputs: number): RuleWeight => ({ name: "bias", shape: [outputs], init: { kind: "zeros" } });
