/** y = logsumexp(l): d l = exp(l − y) · d y, so that only the logits and y are kept for the backward pass. */
import { exp, mul, select, sub } from "../expr-build.js";
import { readSum } from "./exponentials.js";
import type { Pattern } from "./pattern.js";

export const logSumExp: Pattern = (g, node, [grad]) => {
  if (node.op.kind !== "map" || grad === undefined) return undefined;
  const { expr } = node.op;
  if (expr.op !== "add" || expr.a.op !== "log" || expr.a.a.op !== "in" || expr.b.op !== "in") return undefined;
  const sum = readSum(node.inputs[expr.a.a.i]!);
  if (sum === undefined || node.inputs[expr.b.i]!.node.op.kind !== "stop") return undefined;
  const [y, { logits, legal }] = [node.outputs[0]!, sum];
  return {
    to: logits,
    grad: g.map([logits, y, grad, legal ?? 1], (l, lse, d, seen) => select(seen, mul(exp(sub(l, lse)), d), 0), {
      axes: logits.axes,
    }),
  };
};
