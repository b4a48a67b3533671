/**
 * Reads a contraction as a (batched, possibly grouped) matrix product: which axes are rows, columns,
 * inner and batch, and how each operand lies in memory. Decides between the two matmul kernels:
 * `matmul` (short inner axis, rows cut into blocks) and `outer` (the inner axis is the long one).
 */
import type { Axis, Node, Value } from "../3-graph/graph.js";
import { type Access, access, sizeOf } from "./operands.js";

/** One operand as a matrix; strides in elements. */
export interface Matrix {
  readonly access: Access;
  readonly major: "k" | "other";
  readonly stride: number;
  readonly batchStride: number;
}

export interface Product {
  readonly node: Node;
  readonly form: "matmul" | "outer";
  readonly batch: readonly Axis[];
  readonly m: readonly Axis[];
  readonly n: readonly Axis[];
  readonly k: readonly Axis[];
  readonly a: Matrix;
  readonly b: Matrix;
  /** offsets value and the expert axis */
  readonly group: { readonly offsets: Value; readonly experts: Axis } | undefined;
  readonly outStride: number;
  readonly outBatchStride: number;
}

/** Axes along which the units of a step lie; everything long is one of these. */
const ROW_AXES = new Set(["T", "U", "R", "N"]);
export const isRowAxis = (a: Axis | undefined): boolean => a !== undefined && ROW_AXES.has(a.name);

/** undefined: not a plain matrix product; the planner then computes it as a sum of products. */
export function readProduct(node: Node): Product | undefined {
  if (node.op.kind !== "contract") return undefined;
  const straight = read(node, node.inputs[0]!, node.inputs[1]!);
  return straight ?? read(node, node.inputs[1]!, node.inputs[0]!);
}

function read(node: Node, aValue: Value, bValue: Value): Product | undefined {
  if (node.op.kind !== "contract") return undefined;
  const out = node.outputs[0]!.axes;
  const has = (axes: readonly Axis[], a: Axis) => axes.some((x) => x.name === a.name);
  const { over, group } = node.op;
  const grouped = group
    ? { offsets: node.inputs[2]!, experts: axisOf(group.experts, [bValue.axes, aValue.axes, out])! }
    : undefined;
  const free = out.filter((x) => x.name !== group?.experts);
  const k = aValue.axes.filter((x) => over.includes(x.name));
  const batch = free.filter((x) => has(aValue.axes, x) && has(bValue.axes, x));
  const m = free.filter((x) => has(aValue.axes, x) && !has(bValue.axes, x));
  const n = free.filter((x) => !has(aValue.axes, x) && has(bValue.axes, x));
  if (out.length === 0 || out.at(-1)!.name !== (n.at(-1) ?? m.at(-1))?.name || n.length === 0) return undefined;
  const lead = group && has(out, { name: group.experts, size: 0 }) ? [grouped!.experts] : batch;
  const a = matrix(access(aValue), lead, m, k, false);
  const b = matrix(access(bValue), grouped && lead === batch ? [grouped.experts] : lead, n, k, true);
  const o = strides(out);
  const outRow = m.length === 0 ? { stride: 0 } : collapse(out, o, m);
  const outCol = collapse(out, o, n);
  if (!a || !b || !outRow || !outCol || outCol.stride !== 1) return undefined;
  const outBatch = lead.length === 0 ? { stride: 0 } : collapse(out, o, lead);
  if (!outBatch) return undefined;
  const form = k.some(isRowAxis) || (group !== undefined && over.includes(group.rows)) ? "outer" : "matmul";
  if (!gathersFit(form, a, b, m, k)) return undefined;
  return {
    node,
    form,
    batch: group ? [] : batch,
    m,
    n,
    k,
    a,
    b,
    group: grouped,
    outStride: outRow.stride,
    outBatchStride: outBatch.stride,
  };
}

/** Gradients of weights that read the same rows: they differ only in where A and the result lie. */
export function sharesB(p: Product, q: Product): boolean {
  const sizes = ({ batch, m, n, k }: Product) => [batch, m, n, k].map(sizeOf).join();
  const layout = ({ major, stride, batchStride }: Matrix) => [major, stride, batchStride].join();
  const index = ({ access: { gather } }: Matrix) => [gather?.index.root, gather?.divide];
  const alike = (x: Matrix, y: Matrix) => layout(x) === layout(y) && index(x).every((i, at) => i === index(y)[at]);
  return (
    p.b.access.root === q.b.access.root &&
    p.group?.offsets === q.group?.offsets &&
    sizes(p) === sizes(q) &&
    alike(p.a, q.a) &&
    alike(p.b, q.b) &&
    p.outStride === q.outStride &&
    p.outBatchStride === q.outBatchStride
  );
}

/** Only the rows that a kernel walks may be read by index. */
function gathersFit(form: "matmul" | "outer", a: Matrix, b: Matrix, m: readonly Axis[], k: readonly Axis[]): boolean {
  const rows = form === "matmul" ? m : k;
  const fits = (x: Matrix, allowed: boolean) =>
    !x.access.gather || (allowed && x.access.axes.length - x.access.gather.rest <= rows.length + 1);
  return fits(a, true) && fits(b, form === "outer");
}

function axisOf(name: string, lists: readonly (readonly Axis[])[]): Axis | undefined {
  return lists.flat().find((a) => a.name === name);
}

export function strides(axes: readonly Axis[]): number[] {
  const out = new Array<number>(axes.length).fill(1);
  for (let i = axes.length - 2; i >= 0; i--) out[i] = out[i + 1]! * axes[i + 1]!.size;
  return out;
}

/** Stride of a group of axes if they can be walked as one. */
function collapse(
  axes: readonly Axis[],
  stride: readonly number[],
  group: readonly Axis[],
): { stride: number } | undefined {
  const at = group.map((g) => axes.findIndex((a) => a.name === g.name));
  if (at.some((i) => i < 0)) return undefined;
  for (let i = 0; i + 1 < at.length; i++) {
    if (stride[at[i]!] !== stride[at[i + 1]!]! * axes[at[i + 1]!]!.size) return undefined;
  }
  return { stride: group.length === 0 ? 0 : stride[at.at(-1)!]! };
}

function matrix(
  a: Access,
  batch: readonly Axis[],
  other: readonly Axis[],
  k: readonly Axis[],
  isB: boolean,
): Matrix | undefined {
  const s = strides(a.axes);
  const lead = batch.filter((x) => a.axes.some((y) => y.name === x.name));
  const batchStride = lead.length === 0 ? { stride: 0 } : collapse(a.axes, s, lead);
  const [ks, os] = [collapse(a.axes, s, k), other.length === 0 ? { stride: sizeOf(k) } : collapse(a.axes, s, other)];
  if (!batchStride || !ks || !os) return undefined;
  if (ks.stride === 1) return { access: a, major: "k", stride: os.stride, batchStride: batchStride.stride };
  if (os.stride === 1 || (isB && other.length === 0))
    return { access: a, major: "other", stride: ks.stride, batchStride: batchStride.stride };
  return undefined;
}
