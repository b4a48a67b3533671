/** Rebuilding a graph node by node: how passes replace some nodes and keep the rest. */
import { createBuilder, type GraphBuilder } from "./builder.js";
import type { Graph, Node, Value } from "./graph.js";
import { ensure } from "./internal.js";

/** Values that stand for the outputs of `node`, made with `g` from its mapped inputs; undefined keeps the node. */
export type Replace = (g: GraphBuilder, node: Node, inputs: readonly Value[]) => readonly Value[] | undefined;

/** The graph with every node passed through `replace`, in its own place, phase and role. */
export function rewrite(graph: Graph, replace: Replace): Graph {
  const g = createBuilder();
  const made = new Map<Value, Value>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((v) => made.get(v)!);
    const outputs = g.within(node.at, () => replace(g, node, inputs) ?? g.add(node.op, inputs, node.outputs));
    ensure(outputs.length === node.outputs.length, () => `a ${node.op.kind} was replaced by ${outputs.length} values`);
    node.outputs.forEach((v, i) => {
      made.set(v, outputs[i]!);
    });
  }
  return g.finish({
    outputs: new Map([...graph.outputs].map(([name, v]) => [name, made.get(v)!])),
    updates: graph.updates.map((u) => ({ target: made.get(u.target)!, value: made.get(u.value)! })),
  });
}
