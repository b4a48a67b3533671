/**
 * softmax(scale · q kᵀ) v inside each sequence, with grouped key and value heads, causal mask and window. Queries are all
 * tokens of all sequences, or, where positions are given, some of each.
 */
import { showAxes } from "../axes.js";
import type { AttentionShape, Value } from "../graph.js";
import { ensure } from "../internal.js";
import { type Tensor, zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const attention: OpDefinition<"attention"> = {
  shape(op, [q, k, v, positions]) {
    const [rows, width] = q!.axes;
    const kv = (x: typeof k): boolean => x!.axes.length === 2 && x!.axes[1]!.size === op.kvHeads * op.headDim;
    ensure(
      width!.size === op.heads * op.headDim &&
        kv(k) &&
        kv(v) &&
        k!.axes[0]!.size % op.seq === 0 &&
        op.heads % op.kvHeads === 0 &&
        (positions === undefined ? rows!.size === k!.axes[0]!.size : placed(op, q!, k!, positions)),
      () => `attention of ${showAxes(q!.axes)}`,
    );
    return [
      { axes: q!.axes, dtype: "f32" },
      { axes: [rows!, { name: "H", size: op.heads }], dtype: "f32" },
    ];
  },

  evaluate(op, [q, k, v, positions], [oShape, lseShape]) {
    const [o, lse] = [zeros(oShape!), zeros(lseShape!)];
    const rows = oShape!.axes[0]!.size;
    forEachQuery(op, rows, placesOf(op, rows, k!, positions), (t, h, keys) => {
      const scores = keys.map(
        (s) => op.scale * dot(q!.data, headAt(op.heads, op.headDim, t, h), k!.data, kvAt(op, s, h), op.headDim),
      );
      const most = Math.max(...scores);
      const total = scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
      lse.data[t * op.heads + h] = most + Math.log(total);
      keys.forEach((s, i) => {
        const p = Math.exp(scores[i]! - most) / total;
        for (let c = 0; c < op.headDim; c++)
          o.data[headAt(op.heads, op.headDim, t, h) + c]! += p * v!.data[kvAt(op, s, h) + c]!;
      });
    });
    return [o, lse];
  },

  gradient({ op, g, inputs: [q, k, v, positions], outputs: [o, lse], grads }) {
    ensure(grads[0] !== undefined && grads[1] === undefined, () => "attention: the gradient of lse is not defined");
    ensure(positions === undefined, () => "attention: there is no gradient of some queries");
    const { kind: _, ...shape } = op;
    return g.attentionGrad([q!, k!, v!, o!, lse!, g.spreadOut(grads[0]!, o!.axes)], shape);
  },
};

/** Offset of head h of row t. */
export const headAt = (heads: number, headDim: number, t: number, h: number): number => (t * heads + h) * headDim;
/** Offset of the key or value head that query head h reads in row s. */
export const kvAt = (op: AttentionShape, s: number, h: number): number =>
  headAt(op.kvHeads, op.headDim, s, Math.floor((h * op.kvHeads) / op.heads));

/** Whether queries with places of their own look back, and are as many for each sequence. */
const placed = (op: AttentionShape, q: Value, k: Value, positions: Value): boolean =>
  op.causal &&
  positions.dtype === "i32" &&
  positions.axes[0]?.size === q.axes[0]!.size &&
  q.axes[0]!.size % (k.axes[0]!.size / op.seq) === 0;

/** The row of keys that each query is itself at. */
function placesOf(op: AttentionShape, rows: number, k: Tensor, positions?: Tensor): (t: number) => number {
  if (positions === undefined) return (t) => t;
  const each = rows / (k.axes[0]!.size / op.seq);
  return (t) => Math.floor(t / each) * op.seq + positions.data[t]!;
}

/** Every row and head, with the rows it may look at. */
export function forEachQuery(
  op: AttentionShape,
  rows: number,
  placeOf: (t: number) => number,
  visit: (t: number, h: number, keys: readonly number[]) => void,
): void {
  for (let t = 0; t < rows; t++) {
    const at = placeOf(t);
    const start = Math.floor(at / op.seq) * op.seq;
    const last = op.causal ? at : start + op.seq - 1;
    const first = op.window === undefined ? start : Math.max(start, at - op.window + 1);
    const keys = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    for (let h = 0; h < op.heads; h++) visit(t, h, keys);
  }
}

export function dot(a: ArrayLike<number>, atA: number, b: ArrayLike<number>, atB: number, n: number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += a[atA + i]! * b[atB + i]!;
  return total;
}
