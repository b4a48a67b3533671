/** p = softmax(l): d l = p · (d p − Σ d p · p). */
import { mul, sub } from "../expr-build.js";
import { readSum } from "./exponentials.js";
import type { Pattern } from "./pattern.js";

export const softmax: Pattern = (g, node, [grad]) => {
  if (node.op.kind !== "map" || grad === undefined) return undefined;
  const { expr } = node.op;
  const share = expr.op === "select" && expr.c.op === "in" ? expr.a : expr;
  if (share.op !== "div" || share.a.op !== "in" || share.b.op !== "in") return undefined;
  const total = node.inputs[share.b.i]!;
  const sum = readSum(total);
  if (sum === undefined || total.node.inputs[0] !== node.inputs[share.a.i]) return undefined;
  const p = node.outputs[0]!;
  const along = g.reduce(
    "sum",
    g.map([grad, p], (d, x) => mul(d, x), { axes: p.axes }),
    [sum.axis],
  );
  return { to: sum.logits, grad: g.map([p, grad, along], (x, d, mean) => mul(x, sub(d, mean)), { axes: p.axes }) };
};
