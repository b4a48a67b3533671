/** Backward of attention from q, k, v, its output, its log-sum-exp and the gradient of the output. */
import { zeros } from "../tensor.js";
import { dot, forEachQuery, headAt, kvAt } from "./attention.js";
import type { OpDefinition } from "./definition.js";

export const attentionGrad: OpDefinition<"attentionGrad"> = {
  shape: (_, [q, k, v]) => [q!, k!, v!].map((x) => ({ axes: x.axes, dtype: "f32" as const })),

  evaluate(op, [q, k, v, o, lse, dO], shapes) {
    const [dq, dk, dv] = shapes.map(zeros);
    const d = op.headDim;
    forEachQuery(
      op,
      q!.axes[0]!.size,
      (t) => t,
      (t, h, keys) => {
        const at = headAt(op.heads, d, t, h);
        const delta = dot(dO!.data, at, o!.data, at, d);
        for (const s of keys) {
          const from = kvAt(op, s, h);
          const p = Math.exp(op.scale * dot(q!.data, at, k!.data, from, d) - lse!.data[t * op.heads + h]!);
          const ds = op.scale * p * (dot(dO!.data, at, v!.data, from, d) - delta);
          for (let c = 0; c < d; c++) {
            dv!.data[from + c]! += p * dO!.data[at + c]!;
            dq!.data[at + c]! += ds * k!.data[from + c]!;
            dk!.data[from + c]! += ds * q!.data[at + c]!;
          }
        }
      },
    );
    return [dq!, dk!, dv!];
  },
};
