/** Which next values of weights and state must wait: an update in place destroys what others have yet to read. */
import type { Graph, Node, Value } from "../3-graph/graph.js";
import { access, rootsOf } from "./operands.js";

/** Weights and state whose next value a node makes. */
export function replacements(graph: Graph): ReadonlyMap<Node, Value> {
  return new Map(graph.updates.map(({ target, value }) => [access(value).root.node, target]));
}

/** A next value that stands before a reader of the old one comes last, unless somebody needs it earlier. */
export function lateUpdatesLast(nodes: readonly Node[], replaces: ReadonlyMap<Node, Value>): readonly Node[] {
  const lastReader = new Map<Value, number>();
  nodes.forEach((node, i) => {
    for (const v of node.inputs.flatMap(rootsOf)) lastReader.set(v, i);
  });
  const comesLast = (node: Node, i: number): boolean => {
    const old = replaces.get(node);
    const early = old !== undefined && (lastReader.get(old) ?? -1) > i;
    return early && !node.outputs.some((v) => lastReader.has(v));
  };
  const late = new Set(nodes.filter(comesLast));
  return [...nodes.filter((node) => !late.has(node)), ...late];
}
