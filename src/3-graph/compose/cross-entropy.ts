/** Cross-entropy of logits against target ids. */
import type { GraphBuilder } from "../builder.js";
import { mul, sub } from "../expr-build.js";
import type { Value } from "../graph.js";
import { logSumExp } from "./softmax.js";

/** logsumexp(row) − row[target], one number per row; logits [T, V], targets [T] i32. */
export function crossEntropyPerRow(g: GraphBuilder, logits: Value, targets: Value): Value {
  const target = g.pick(logits, targets, logits.axes.at(-1)!.name);
  return g.map([logSumExp(g, logits), target], (lse, l) => sub(lse, l));
}

/** Mean over rows. The factor 1/T stays a constant, so that the gradient of the logits is one expression. */
export function crossEntropy(g: GraphBuilder, logits: Value, targets: Value): Value {
  const rows = logits.axes[0]!;
  const total = g.reduce("sum", crossEntropyPerRow(g, logits, targets), [rows.name]);
  return g.map([total], (sum) => mul(sum, 1 / rows.size));
}
