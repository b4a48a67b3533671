/**
 * Symbolic derivative of scalar expressions. Steps (comparisons, floor, sign) have derivative 0 and a
 * condition is a constant. At a kink: min passes its first argument, max its second, so that
 * max(x, 0) has derivative 0 at 0 as everybody's relu does.
 */
import type { BinaryOp, Expr, Unary } from "./expr.js";
import {
  add,
  cos,
  div,
  exp,
  le,
  lt,
  mul,
  neg,
  recip,
  rsqrt,
  select,
  sigmoid,
  sign,
  sub,
  tanh,
  toExpr,
} from "./expr-build.js";
import { simplify } from "./expr-simplify.js";

/** d expr / d in_i, simplified. */
export function derive(expr: Expr, i: number): Expr {
  return simplify(rule(expr, i));
}

function rule(e: Expr, i: number): Expr {
  if (e.op === "in") return toExpr(e.i === i ? 1 : 0);
  if (e.op === "const" || e.op === "index") return toExpr(0);
  if (e.op === "select") return select(e.c, derive(e.a, i), derive(e.b, i));
  if ("b" in e) return binaryRules[e.op](e.a, e.b, derive(e.a, i), derive(e.b, i));
  const inner = derive(e.a, i);
  return inner.op === "const" && inner.value === 0 ? inner : mul(inner, unaryRules[e.op](e.a));
}

const zero = (): Expr => toExpr(0);

/** f'(a). */
const unaryRules: Readonly<Record<Unary, (a: Expr) => Expr>> = {
  neg: () => toExpr(-1),
  exp: (a) => exp(a),
  log: (a) => recip(a),
  sqrt: (a) => mul(rsqrt(a), 0.5),
  rsqrt: (a) => mul(div(rsqrt(a), a), -0.5),
  recip: (a) => neg(mul(recip(a), recip(a))),
  abs: (a) => sign(a),
  tanh: (a) => sub(1, mul(tanh(a), tanh(a))),
  sigmoid: (a) => mul(sigmoid(a), sub(1, sigmoid(a))),
  erf: (a) => mul(exp(neg(mul(a, a))), 2 / Math.sqrt(Math.PI)),
  // −sin(a): there is no sine among the functions
  cos: (a) => cos(add(a, Math.PI / 2)),
  floor: zero,
  not: zero,
  sign: zero,
};

type BinaryRule = (a: Expr, b: Expr, da: Expr, db: Expr) => Expr;

const binaryRules: Readonly<Record<BinaryOp, BinaryRule>> = {
  add: (_a, _b, da, db) => add(da, db),
  sub: (_a, _b, da, db) => sub(da, db),
  mul: (a, b, da, db) => add(mul(da, b), mul(a, db)),
  div: (a, b, da, db) => sub(div(da, b), mul(db, div(div(a, b), b))),
  min: (a, b, da, db) => select(le(a, b), da, db),
  max: (a, b, da, db) => select(lt(b, a), da, db),
  lt: zero,
  le: zero,
  eq: zero,
  and: zero,
  or: zero,
};
