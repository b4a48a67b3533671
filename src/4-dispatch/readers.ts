/** Questions about who makes and who reads a value; rewrites are legal only when every reader agrees. */
import type { Graph, Node, Value } from "../3-graph/graph.js";

/** Whether any weight or state takes part in making the value. */
export function dependsOnWeights(value: Value): boolean {
  return ancestors(value.node).some(({ op }) => op.kind === "param" || op.kind === "state");
}

/** Whether a gradient of the value reaches any weight: through numbers, not through a stop or a choice. */
export function reachesWeights(value: Value): boolean {
  const seen = new Set<Value>();
  const reaches = (v: Value): boolean => {
    if (seen.has(v) || v.dtype !== "f32" || v.node.op.kind === "stop") return false;
    seen.add(v);
    return v.node.op.kind === "param" || v.node.inputs.some(reaches);
  };
  return reaches(value);
}

/** The node and all that it needs. */
export function ancestors(last: Node): readonly Node[] {
  const found = new Set<Node>();
  const waiting = [last];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    waiting.push(...node.inputs.map((v) => v.node));
  }
  return [...found];
}

export interface Reader {
  /** undefined: the value is a result of the graph */
  readonly node: Node | undefined;
  /** name of the result */
  readonly name?: string;
}

/** Everybody who reads each value. */
export function readersOf(graph: Graph): (value: Value) => readonly Reader[] {
  const readers = new Map<Value, Reader[]>();
  const note = (value: Value, reader: Reader): void => {
    const known = readers.get(value);
    if (known === undefined) readers.set(value, [reader]);
    else known.push(reader);
  };
  for (const node of graph.nodes) for (const value of new Set(node.inputs)) note(value, { node });
  for (const [name, value] of graph.outputs) note(value, { node: undefined, name });
  for (const { value } of graph.updates) note(value, { node: undefined });
  return (value) => readers.get(value) ?? [];
}

/**
 * Whether this reader only lets each unit choose among its own experts: then nothing but the order within a row counts.
 * Experts that choose among units compare rows.
 */
export function choosesWithinUnits(reader: Node | undefined, readers: (value: Value) => readonly Reader[]): boolean {
  if (reader?.op.kind === "topK") return reader.op.axis === reader.inputs[0]!.axes.at(-1)!.name;
  if (reader?.op.kind !== "stop") return false;
  return readers(reader.outputs[0]!).every(({ node }) => choosesWithinUnits(node, readers));
}
