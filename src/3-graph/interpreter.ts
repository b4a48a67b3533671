/**
 * Runs a graph as it stands, in f64: the oracle that every target is compared with. Simple and slow; it
 * forgets a value after its last reader. Updates come back as new tensors, nothing is changed in place.
 */
import { sameAxes, showAxes } from "./axes.js";
import type { Graph, Node, Value } from "./graph.js";
import { ensure } from "./internal.js";
import type { OpDefinition } from "./ops/definition.js";
import { definitionOf } from "./ops/index.js";
import type { Tensor } from "./tensor.js";

export interface Run {
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** new values of weights and states, by their names */
  readonly updates: ReadonlyMap<string, Tensor>;
}

/** Runs a graph; `leaves` holds every input, table, weight and state by name. Internal error for a missing or misshapen one. */
export function interpret(graph: Graph, leaves: ReadonlyMap<string, Tensor>): Run {
  const last = lastReaders(graph);
  const live = new Map<Value, Tensor>();
  graph.nodes.forEach((node) => {
    const results = isLeaf(node)
      ? [leaf(node, leaves)]
      : evaluate(
          node,
          node.inputs.map((v) => live.get(v)!),
        );
    node.outputs.forEach((v, i) => {
      live.set(v, results[i]!);
    });
    for (const v of [...node.inputs, ...node.outputs]) if ((last.get(v) ?? node.id) <= node.id) live.delete(v);
  });
  const outputs = new Map([...graph.outputs].map(([name, v]) => [name, live.get(v)!]));
  const updates = new Map(graph.updates.map((u) => [leafName(u.target.node), live.get(u.value)!]));
  return { outputs, updates };
}

const isLeaf = (node: Node): boolean => "name" in node.op;

function leafName({ op }: Node): string {
  ensure("name" in op, () => `${op.kind} has no name`);
  return op.name;
}

function leaf(node: Node, leaves: ReadonlyMap<string, Tensor>): Tensor {
  const name = leafName(node);
  const given = leaves.get(name);
  const wanted = node.outputs[0]!;
  ensure(given !== undefined, () => `the interpreter was not given ${name}`);
  const fits =
    given.dtype === wanted.dtype &&
    given.axes.length === wanted.axes.length &&
    given.axes.every((a, i) => a.size === wanted.axes[i]!.size);
  ensure(
    fits,
    () => `${name} is ${wanted.dtype} ${showAxes(wanted.axes)}, was given ${given.dtype} ${showAxes(given.axes)}`,
  );
  return sameAxes(given.axes, wanted.axes) ? given : { ...given, axes: wanted.axes };
}

/** What one node computes. */
export function evaluate(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  const definition = definitionOf(node.op.kind) as OpDefinition<typeof node.op.kind>;
  ensure(
    definition.evaluate !== undefined,
    () => `${node.op.kind} of ${node.at.scope} cannot be run: it was not lowered`,
  );
  return definition.evaluate(node.op as never, inputs, node.outputs);
}

/** Number of the last node that reads each value; results are kept for ever. */
function lastReaders(graph: Graph): ReadonlyMap<Value, number> {
  const last = new Map<Value, number>();
  for (const node of graph.nodes) for (const v of node.inputs) last.set(v, node.id);
  for (const v of graph.outputs.values()) last.set(v, Number.POSITIVE_INFINITY);
  for (const u of graph.updates) last.set(u.value, Number.POSITIVE_INFINITY);
  return last;
}
