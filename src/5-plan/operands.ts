/**
 * How a kernel reads a value of the graph: through views (free) and takes (an index in the load), down
 * to the value that really lies in memory.
 */
import type { Axis, Node, Value } from "../3-graph/graph.js";

export interface Access {
  /** the value in memory */
  readonly root: Value;
  /** axes as the reader sees them */
  readonly axes: readonly Axis[];
  /** set when rows are read by index */
  readonly gather?: { readonly index: Access; readonly divide: number; readonly rest: number };
}

/** Values that never become buffers of their own: the reader looks through them. */
export const isVirtual = (node: Node): boolean =>
  node.op.kind === "view" || node.op.kind === "stop" || node.op.kind === "take";

export const isLeaf = (node: Node): boolean =>
  node.op.kind === "input" || node.op.kind === "data" || node.op.kind === "param" || node.op.kind === "state";

export const sizeOf = (axes: readonly Axis[]): number => axes.reduce((n, a) => n * a.size, 1);

export const sameAxes = (a: readonly Axis[], b: readonly Axis[]): boolean =>
  a.length === b.length && a.every((x, i) => x.name === b[i]!.name && x.size === b[i]!.size);

export const namesOf = (axes: readonly Axis[]): string => axes.map((a) => a.name).join(",");

/** Follows views and takes down to memory; a take of a take, or of a re-shaped take, is not looked through. */
export function access(value: Value): Access {
  const { node } = value;
  if (node.op.kind === "stop") return access(node.inputs[0]!);
  if (node.op.kind === "view") {
    const inner = access(node.inputs[0]!);
    return inner.gather ? { root: value, axes: value.axes } : { root: inner.root, axes: value.axes };
  }
  if (node.op.kind !== "take") return { root: value, axes: value.axes };
  const x = access(node.inputs[0]!);
  const index = access(node.inputs[1]!);
  if (x.gather || index.gather) return { root: value, axes: value.axes };
  const rest = value.axes.length - node.inputs[1]!.axes.length;
  return { root: x.root, axes: value.axes, gather: { index, divide: node.op.divide, rest } };
}

/** Every value in memory that reading `value` touches. */
export function rootsOf(value: Value): Value[] {
  const a = access(value);
  return a.gather ? [a.root, a.gather.index.root] : [a.root];
}
