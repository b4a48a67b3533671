/** Work that is cheaper done again by each reader than written to memory once. */
import type { Graph, Node, Value } from "../3-graph/graph.js";
import { hasIndex } from "./canonical.js";
import type { Product } from "./matmul-shape.js";
import { access, isLeaf, isVirtual, rootsOf, sameAxes } from "./operands.js";

/** Work that costs no pass of its own: done again by each kernel that reads it. */
export function findFloating(
  graph: Graph,
  deferred: ReadonlySet<Node>,
  sums: ReadonlyMap<Node, readonly Product[]>,
): Set<Node> {
  const readers = readersOf(graph);
  const floating = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.op.kind !== "map" && node.op.kind !== "spread" && node.op.kind !== "random") continue;
    if (node.outputs[0]!.axes.length === 0) continue;
    const by = readers.get(node.outputs[0]!) ?? [];
    const inline = by.every(
      (r) =>
        r !== "host" &&
        !deferred.has(r) &&
        (!sums.has(r) || isForTiles(node, floating)) &&
        (r.op.kind === "map" || (r.op.kind === "reduce" && sameAxes(r.inputs[0]!.axes, node.outputs[0]!.axes))),
    );
    if (!inline) continue;
    const free = node.inputs.flatMap(rootsOf).every((v) => isLeaf(v.node) || floating.has(v.node));
    const summed = by.length === 1 && by[0] !== "host" && by[0]!.op.kind === "reduce" && node.op.kind === "map";
    if (free || summed) floating.add(node);
  }
  return floating;
}

/** Work that the epilogue of a product can do, with all that it does again itself. */
function isForTiles({ op, inputs }: Node, floating: ReadonlySet<Node>): boolean {
  const whole = op.kind === "map" && !hasIndex(op.expr) && inputs.every((v) => !access(v).gather);
  const again = inputs.flatMap(rootsOf).filter((v) => floating.has(v.node));
  return whole && again.every((v) => isForTiles(v.node, floating));
}

/** Who reads each value in memory, looking through views and takes. */
function readersOf(graph: Graph): Map<Value, (Node | "host")[]> {
  const readers = new Map<Value, (Node | "host")[]>();
  const add = (v: Value, by: Node | "host"): void => {
    const a = access(v);
    // a value read by index, or used as one, must lie in memory
    const seen = a.gather || a.axes !== a.root.axes ? "host" : by;
    for (const r of rootsOf(v)) readers.set(r, [...(readers.get(r) ?? []), seen]);
  };
  for (const node of graph.nodes) if (!isVirtual(node)) for (const v of node.inputs) add(v, node);
  for (const v of [...graph.outputs.values(), ...graph.updates.map((u) => u.value)]) add(v, "host");
  return readers;
}
