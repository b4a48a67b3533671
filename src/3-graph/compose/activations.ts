/** Activation functions as scalar expressions. */
import type { Expr } from "../expr.js";
import { abs, add, erf, exp, log, max, mul, neg, sigmoid, type Term, toExpr } from "../expr-build.js";

/** x · sigmoid(x) */
export const silu = (x: Term): Expr => mul(x, sigmoid(x));
/** x · Φ(x), the erf form */
export const gelu = (x: Term): Expr => mul(x, mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5));
/** max(x, 0), with derivative 0 at 0 */
export const relu = (x: Term): Expr => max(x, 0);
/** log(1 + eˣ), without overflow; (x + |x|)/2 rather than max(x, 0), so that the derivative at 0 is ½ as it should be */
export const softplus = (x: Term): Expr => add(mul(add(x, abs(toExpr(x))), 0.5), log(add(exp(neg(abs(toExpr(x)))), 1)));
