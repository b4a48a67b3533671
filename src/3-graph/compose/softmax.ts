/** Softmax and log-sum-exp along the last axis, over all entries or the legal ones. */
import type { GraphBuilder } from "../builder.js";
import { add, div, exp, log, select, sub } from "../expr-build.js";
import type { Value } from "../graph.js";

export interface SoftmaxOptions {
  /** entries that count, u8 or i32 truth values of the same axes; the others get exactly 0 and no gradient */
  readonly legal?: Value | undefined;
  /** a row may have no legal entry; it then gives zeros */
  readonly mayBeEmpty?: boolean;
}

/** exp(x − max) / Σ exp(x − max). */
export function softmax(g: GraphBuilder, x: Value, options: SoftmaxOptions = {}): Value {
  const { e, total } = exponentials(g, x, options.legal);
  if (!options.mayBeEmpty || options.legal === undefined) return g.map([e, total], (a, sum) => div(a, sum));
  return g.map([e, total, options.legal], (a, sum, seen) => select(seen, div(a, sum), 0), { axes: x.axes });
}

/** log Σ exp x, one axis less. */
export function logSumExp(g: GraphBuilder, x: Value, options: SoftmaxOptions = {}): Value {
  const { most, total } = exponentials(g, x, options.legal);
  return g.map([total, most], (sum, m) => add(log(sum), m));
}

function exponentials(g: GraphBuilder, x: Value, legal: Value | undefined) {
  const axis = x.axes.at(-1)!.name;
  const seen =
    legal === undefined ? x : g.map([x, legal], (a, ok) => select(ok, a, Number.NEGATIVE_INFINITY), { axes: x.axes });
  // the largest entry only keeps exp small; it cancels, so no gradient goes through it
  const most = g.stop(g.reduce("max", seen, [axis]));
  const e = g.map([x, most, legal ?? 1], (a, m, ok) => select(ok, exp(sub(a, m)), 0), { axes: x.axes });
  return { most, e, total: g.reduce("sum", e, [axis]) };
}
