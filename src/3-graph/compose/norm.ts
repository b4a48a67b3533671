/** Normalisation along the last axis. */
import type { Norm } from "../../2-design/design.js";
import type { GraphBuilder } from "../builder.js";
import { add, mul, rsqrt, square, sub } from "../expr-build.js";
import type { Value } from "../graph.js";

/** x · rsqrt(mean(x²) + eps) · weight. */
export function rmsNorm(g: GraphBuilder, x: Value, weight: Value, eps: number): Value {
  const scale = inverseSpread(g, x, eps);
  return g.map([x, scale, weight], (a, r, w) => mul(mul(a, r), w), { axes: x.axes });
}

/** (x − mean) · rsqrt(mean((x − mean)²) + eps) · weight; no bias. */
export function layerNorm(g: GraphBuilder, x: Value, weight: Value, eps: number): Value {
  return rmsNorm(g, centred(g, x), weight, eps);
}

/** x − mean(x). */
export function centred(g: GraphBuilder, x: Value): Value {
  const { name, size } = x.axes.at(-1)!;
  const total = g.reduce("sum", x, [name]);
  return g.map([x, total], (a, sum) => sub(a, mul(sum, 1 / size)), { axes: x.axes });
}

/** The norm that a block names, where it names one. */
export function normalise(g: GraphBuilder, x: Value, weight: Value, { kind, eps }: Norm): Value {
  return kind === "layer" ? layerNorm(g, x, weight, eps) : rmsNorm(g, x, weight, eps);
}

/** rsqrt(mean(x²) + eps), one number a row. */
export function inverseSpread(g: GraphBuilder, x: Value, eps: number): Value {
  const { name, size } = x.axes.at(-1)!;
  const squares = g.reduce("sum", g.map([x], square), [name]);
  return g.map([squares], (sum) => rsqrt(add(mul(sum, 1 / size), eps)));
}
