/** What must hold for every graph, checked after every pass. A violation is our bug, never the user's. */
import { sameAxes, showAxes } from "./axes.js";
import { shapesOf } from "./builder.js";
import type { Graph, Node, Value } from "./graph.js";
import { ensure } from "./internal.js";

/** Throws MOE9002 naming the first node that breaks a rule; gives the graph back otherwise. */
export function verify(graph: Graph): Graph {
  const made = new Set<Value>();
  graph.nodes.forEach((node, id) => {
    ensure(node.id === id, () => `${show(node)} has number ${node.id}, stands at ${id}`);
    for (const v of node.inputs)
      ensure(made.has(v), () => `${show(node)} reads a value that is made later or elsewhere`);
    verifyOutputs(node);
    for (const v of node.outputs) made.add(v);
  });
  for (const [name, v] of graph.outputs) ensure(made.has(v), () => `output ${name} is not in the graph`);
  verifyUpdates(graph, made);
  verifyNames(graph);
  return graph;
}

function verifyOutputs(node: Node): void {
  const shapes = shapesOf(node.op, node.inputs, node.outputs);
  ensure(
    shapes.length === node.outputs.length,
    () => `${show(node)} has ${node.outputs.length} outputs, not ${shapes.length}`,
  );
  node.outputs.forEach((v, i) => {
    const shape = shapes[i]!;
    ensure(v.node === node && v.output === i, () => `${show(node)}: output ${i} is not its own`);
    ensure(
      sameAxes(v.axes, shape.axes) && v.dtype === shape.dtype,
      () => `${show(node)} is ${v.dtype} ${showAxes(v.axes)}, not ${shape.dtype} ${showAxes(shape.axes)}`,
    );
    ensure(
      new Set(v.axes.map((a) => a.name)).size === v.axes.length,
      () => `${show(node)} has an axis twice: ${showAxes(v.axes)}`,
    );
    ensure(
      v.axes.every((a) => Number.isInteger(a.size) && a.size > 0),
      () => `${show(node)} has an empty axis: ${showAxes(v.axes)}`,
    );
  });
}

function verifyUpdates(graph: Graph, made: ReadonlySet<Value>): void {
  const targets = new Set<Value>();
  for (const { target, value } of graph.updates) {
    const { kind } = target.node.op;
    ensure(made.has(target) && made.has(value), () => "an update is not in the graph");
    ensure(kind === "param" || kind === "state", () => `an update of a ${kind}`);
    ensure(
      sameAxes(target.axes, value.axes) && target.dtype === value.dtype,
      () => `update of ${show(target.node)} has another shape`,
    );
    ensure(!targets.has(target), () => `${show(target.node)} is updated twice`);
    targets.add(target);
  }
}

/** Names of leaves are how hosts and checkpoints find them. */
function verifyNames(graph: Graph): void {
  const names = new Set<string>();
  for (const { op } of graph.nodes) {
    if (!("name" in op)) continue;
    ensure(!names.has(op.name), () => `two leaves are called ${op.name}`);
    names.add(op.name);
  }
}

const show = (node: Node): string => `${node.op.kind} ${node.id} (${node.at.scope} ${node.at.role})`;
