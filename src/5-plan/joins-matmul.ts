/**
 * What a matmul kernel can do besides one product: work on its tile, work on its finished rows, a second product of the
 * same rows.
 */
import type { Node, Value } from "../3-graph/graph.js";
import { hasIndex } from "./canonical.js";
import type { FusionOptions, MatmulCluster } from "./cluster-kinds.js";
import type { Product } from "./matmul-shape.js";
import { access, namesOf, rootsOf, sameAxes, sizeOf } from "./operands.js";

/** Elementwise on the product's own tile: needs nothing but the tile and operands of its rows or columns. */
export function fitsTile(c: MatmulCluster, group: readonly Node[]): boolean {
  if (c.after.length > 0) return false;
  const axes = c.outputs[0]!.value.axes;
  if (c.outputs.length > 2 || c.outputs.some((o) => !sameAxes(o.value.axes, axes))) return false;
  const made = new Set([...c.outputs.map((o) => o.value), ...[...c.epilogue, ...group].flatMap((n) => n.outputs)]);
  const { m, n } = c.outputs[0]!.terms[0]!;
  if (!batchesInOrder(c.outputs[0]!.terms[0]!)) return false;
  const readable = (v: Value) => !access(v).gather && [axes, m, n, []].some((x) => sameAxes(v.axes, x));
  return group.every((node) => {
    if (node.op.kind !== "map" || hasIndex(node.op.expr) || !sameAxes(node.outputs[0]!.axes, axes)) return false;
    return node.inputs.every((v) => readable(v) && (!made.has(access(v).root) || sameAxes(v.axes, axes)));
  });
}

/** An epilogue counts whole rows of the result: batches must lie one after the other. */
export const batchesInOrder = (p: Product): boolean => p.batch.length === 0 || p.outBatchStride >= p.outStride;

export function fitsHotRows(c: MatmulCluster, group: readonly Node[], options: FusionOptions): boolean {
  const product = c.outputs[0]!.terms[0]!;
  const domain = product.m;
  if (c.outputs.length !== 1 || product.group || product.batch.length > 0 || domain.length !== 1) return false;
  if (sizeOf(product.n) > options.hotRow) return false;
  const made = new Set([
    ...c.outputs.map((o) => o.value),
    ...[...c.epilogue, ...c.after, ...group].flatMap((n) => n.outputs),
  ]);
  const onRows = (v: Value) => v.axes[0]?.name === domain[0]!.name;
  return group.every((node) => {
    if (!["map", "reduce", "pick", "spread", "topK", "random"].includes(node.op.kind) || !onRows(node.outputs[0]!))
      return false;
    if (node.op.kind === "reduce" && node.op.over.includes(domain[0]!.name)) return false;
    return node.inputs.every(
      (v) => !rootsOf(v).some((r) => made.has(r)) || (onRows(v) && !access(v).gather && access(v).root === v),
    );
  });
}

/** Nodes like q, k and v: the same rows times different weights, in one kernel. */
export function sharesRows(c: MatmulCluster, p: Product): boolean {
  const first = c.outputs[0]!;
  const q = first.terms[0]!;
  const sameA = q.a.access.root === p.a.access.root && q.a.access.gather?.index.root === p.a.access.gather?.index.root;
  if (c.after.length > 0 || c.epilogue.length > 0) return false;
  return (
    first.terms.length === 1 &&
    sameA &&
    namesOf(q.k) === namesOf(p.k) &&
    namesOf(q.m) === namesOf(p.m) &&
    namesOf(q.batch) === namesOf(p.batch) &&
    q.group?.offsets === p.group?.offsets &&
    q.node.at.phase === p.node.at.phase
  );
}
