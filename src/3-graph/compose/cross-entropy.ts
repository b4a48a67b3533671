/** Cross-entropy of logits against target ids. */
import type { GraphBuilder } from "../builder.js";
import { le, mul, select, sub } from "../expr-build.js";
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

/** Sum over the rows that have a target (id ≥ 0) and how many they are: held-out text rarely fills the last batch. */
export function crossEntropySum(
  g: GraphBuilder,
  logits: Value,
  targets: Value,
): { readonly sum: Value; readonly count: Value } {
  const rows = logits.axes[0]!.name;
  const each = crossEntropyPerRow(g, logits, targets);
  const counted = g.map([each, targets], (loss, id) => select(le(0, id), loss, 0));
  const ones = g.map([targets], (id) => le(0, id));
  return { sum: g.reduce("sum", counted, [rows]), count: g.reduce("sum", ones, [rows]) };
}
