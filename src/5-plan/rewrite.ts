/**
 * Rebuilding a graph node by node: the one loop that every graph-to-graph pass of planning shares.
 */
import type { Axis, DType, Graph, Node, Op, Place, Value } from "../3-graph/graph.js";

export interface Rebuild {
  /** the new value that stands for an old one */
  readonly of: (old: Value) => Value;
  /** adds a node; axes and dtypes of its outputs are given */
  readonly add: (
    op: Op,
    inputs: readonly Value[],
    outputs: readonly { axes: readonly Axis[]; dtype: DType }[],
    at: Place,
  ) => readonly Value[];
  /** declares what an old value became */
  readonly replace: (old: Value, by: Value) => void;
  /** copies a node with its inputs mapped */
  readonly keep: (node: Node, axes?: (axes: readonly Axis[]) => readonly Axis[]) => void;
}

/** Visits every node in order; `visit` must give each output of the node a successor. Drops what nobody needs. */
export function rebuild(graph: Graph, visit: (node: Node, to: Rebuild) => void): Graph {
  const nodes: Node[] = [];
  const map = new Map<Value, Value>();
  let values = 0;
  const of = (old: Value): Value => map.get(old) ?? fail(old);
  const add: Rebuild["add"] = (op, inputs, outputs, at) => {
    const node = { id: nodes.length, op, inputs, outputs: [] as Value[], at };
    outputs.forEach((o, output) => {
      node.outputs.push({ id: values++, axes: o.axes, dtype: o.dtype, node, output });
    });
    nodes.push(node);
    return node.outputs;
  };
  const replace = (old: Value, by: Value) => void map.set(old, by);
  const keep: Rebuild["keep"] = (node, axes = (a) => a) => {
    const made = add(
      node.op,
      node.inputs.map(of),
      node.outputs.map((o) => ({ axes: axes(o.axes), dtype: o.dtype })),
      node.at,
    );
    node.outputs.forEach((o, i) => {
      replace(o, made[i]!);
    });
  };
  for (const node of graph.nodes) visit(node, { of, add, replace, keep });
  const outputs = new Map([...graph.outputs].map(([name, v]) => [name, of(v)]));
  const updates = graph.updates.map((u) => ({ target: of(u.target), value: of(u.value) }));
  return prune({ nodes, outputs, updates });
}

function fail(value: Value): never {
  throw new Error(
    `planning lost value ${value.id} of ${value.node.op.kind} ${value.node.at.scope}.${value.node.at.role}`,
  );
}

/** Without the nodes that no output and no update needs. */
export function prune(graph: Graph): Graph {
  const live = new Set<Node>();
  const want = [...graph.outputs.values(), ...graph.updates.flatMap((u) => [u.target, u.value])].map((v) => v.node);
  while (want.length > 0) {
    const node = want.pop()!;
    if (live.has(node)) continue;
    live.add(node);
    want.push(...node.inputs.map((v) => v.node));
  }
  return { ...graph, nodes: graph.nodes.filter((n) => live.has(n)) };
}

/** How often each value is read, counting outputs and updates as reads. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const bump = (v: Value) => uses.set(v, (uses.get(v) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(bump);
  for (const v of graph.outputs.values()) bump(v);
  for (const u of graph.updates) bump(u.value);
  return uses;
}
