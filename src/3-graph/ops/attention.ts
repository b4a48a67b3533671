/** softmax(scale · q kᵀ) v inside each sequence, with grouped key and value heads, causal mask and window. */
import { showAxes } from "../axes.js";
import type { AttentionShape } from "../graph.js";
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const attention: OpDefinition<"attention"> = {
  shape(op, [q, k, v]) {
    const [rows, width] = q!.axes;
    const kv = (x: typeof k): boolean => x!.axes.length === 2 && x!.axes[1]!.size === op.kvHeads * op.headDim;
    ensure(
      width!.size === op.heads * op.headDim &&
        kv(k) &&
        kv(v) &&
        rows!.size % op.seq === 0 &&
        op.heads % op.kvHeads === 0,
      () => `attention of ${showAxes(q!.axes)}`,
    );
    return [
      { axes: q!.axes, dtype: "f32" },
      { axes: [rows!, { name: "H", size: op.heads }], dtype: "f32" },
    ];
  },

  evaluate(op, [q, k, v], [oShape, lseShape]) {
    const [o, lse] = [zeros(oShape!), zeros(lseShape!)];
    forEachQuery(op, oShape!.axes[0]!.size, (t, h, keys) => {
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

  gradient({ op, g, inputs: [q, k, v], outputs: [o, lse], grads }) {
    ensure(grads[0] !== undefined && grads[1] === undefined, () => "attention: the gradient of lse is not defined");
    const { kind: _, ...shape } = op;
    return g.attentionGrad([q!, k!, v!, o!, lse!, g.spreadOut(grads[0]!, o!.axes)], shape);
  },
};

/** Offset of head h of row t. */
export const headAt = (heads: number, headDim: number, t: number, h: number): number => (t * heads + h) * headDim;
/** Offset of the key or value head that query head h reads in row s. */
export const kvAt = (op: AttentionShape, s: number, h: number): number =>
  headAt(op.kvHeads, op.headDim, s, Math.floor((h * op.kvHeads) / op.heads));

/** Every row and head, with the rows it may look at. */
export function forEachQuery(
  op: AttentionShape,
  rows: number,
  visit: (t: number, h: number, keys: readonly number[]) => void,
): void {
  for (let t = 0; t < rows; t++) {
    const start = Math.floor(t / op.seq) * op.seq;
    const last = op.causal ? t : start + op.seq - 1;
    const first = op.window === undefined ? start : Math.max(start, t - op.window + 1);
    const keys = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    for (let h = 0; h < op.heads; h++) visit(t, h, keys);
  }
}

export function dot(a: ArrayLike<number>, atA: number, b: ArrayLike<number>, atB: number, n: number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += a[atA + i]! * b[atB + i]!;
  return total;
}
