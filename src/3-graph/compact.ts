/** The last step of every pass: leave out what nobody needs, and number the rest from zero. */
import type { Graph, Node, Value } from "./graph.js";

/** The same program without dead nodes, with dense ids in the same order. */
export function compact(graph: Graph): Graph {
  const live = liveNodes(graph);
  const made = new Map<Value, Value>();
  const nodes: Node[] = [];
  let values = 0;
  for (const node of graph.nodes) {
    if (!live.has(node)) continue;
    const outputs: Value[] = [];
    const copy: Node = { ...node, id: nodes.length, inputs: node.inputs.map((v) => made.get(v)!), outputs };
    for (const v of node.outputs) {
      outputs.push({ ...v, id: values++, node: copy });
      made.set(v, outputs.at(-1)!);
    }
    nodes.push(copy);
  }
  const outputs = new Map([...graph.outputs].map(([name, v]) => [name, made.get(v)!]));
  const updates = graph.updates.map((u) => ({ target: made.get(u.target)!, value: made.get(u.value)! }));
  return { nodes, outputs, updates };
}

function liveNodes(graph: Graph): ReadonlySet<Node> {
  const live = new Set<Node>();
  const waiting = [...graph.outputs.values(), ...graph.updates.flatMap((u) => [u.target, u.value])].map((v) => v.node);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    waiting.push(...node.inputs.map((v) => v.node));
  }
  return live;
}
