/** Making a value before its turn, for rewrites that need it earlier: tables and look-ups, which cost nothing to name twice. */
import type { GraphBuilder } from "../3-graph/builder.js";
import type { Value } from "../3-graph/graph.js";

/** The value with all that it needs, in the graph being built; identical nodes are made once. */
export function again(g: GraphBuilder, value: Value): Value {
  const { node } = value;
  const inputs = node.inputs.map((input) => again(g, input));
  return g.within(node.at, () => g.add(node.op, inputs, node.outputs))[value.output]!;
}
