/** Whether work may join a pass over rows, or over a long line, that is already there. */
import type { Axis, Node } from "../3-graph/graph.js";
import type { Cluster, FlatCluster, RowsCluster } from "./cluster-kinds.js";
import { access, rootsOf, sameAxes } from "./operands.js";
import type { Shape } from "./row-space.js";

/** Whether the work walks over the same space as the cluster. */
export function joins(c: Cluster, shape: Shape, node: Node): boolean {
  if (shape.flat) return c.kind === "flat" && sameAxes(c.axes, shape.axes);
  return (
    c.kind === "rows" && sameAxes(c.domain, shape.domain) && !(node.op.kind === "reduce" && node.op.over.length === 0)
  );
}

/** Whether the work may read, row by row, what the cluster has made so far. */
export function seesRows(c: Cluster, group: readonly Node[]): boolean {
  if (c.kind !== "rows" && c.kind !== "flat") return false;
  const made = new Set(c.nodes.flatMap((n) => n.outputs));
  return group
    .flatMap((n) => n.inputs)
    .every((v) => {
      const a = access(v);
      if (a.gather && (made.has(a.root) || (made.has(a.gather.index.root) && !sameLead(c, a.gather.index.axes))))
        return false;
      return !made.has(a.root) || (a.root === v && (c.kind === "flat" || sameLead(c, v.axes)));
    });
}

/** Whether both work on the same arrays: long lines of different weights are not one pass. */
export function sharesNumbers(c: Cluster, group: readonly Node[]): boolean {
  if (c.kind !== "flat") return false;
  const arrays = (nodes: readonly Node[]) =>
    nodes.flatMap((n) => [...n.inputs.flatMap(rootsOf), ...n.outputs]).filter((v) => v.axes.length > 0);
  const mine = new Set(arrays(group));
  return arrays(c.nodes).some((v) => mine.has(v));
}

const sameLead = (c: RowsCluster | FlatCluster, axes: readonly Axis[]): boolean =>
  c.kind === "rows" && sameAxes(axes.slice(0, c.domain.length), c.domain);

/** Only work of one phase shares a pass, or what is kept for the backward pass would grow. */
export function samePhase(c: Cluster, node: Node): boolean {
  return (c.kind === "rows" || c.kind === "flat") && c.nodes.at(-1)!.at.phase === node.at.phase;
}

/** The same phase of the same layer. */
export function related(c: Cluster, node: Node): boolean {
  return (c.kind === "rows" || c.kind === "flat") && samePhase(c, node) && c.nodes.at(-1)!.at.scope === node.at.scope;
}
