/**
 * The meaning of scalar expressions in f64. `compileExpr` turns a tree into nested closures once per
 * map; the interpreter then calls it for every element. Not a target: targets print expressions.
 */
import { erf } from "./erf.js";
import type { BinaryOp, Expr, Unary } from "./expr.js";

/** What an element sees: the inputs' values here, and the coordinate along each output axis. */
export interface Element {
  readonly inputs: Float64Array;
  readonly coordinates: Int32Array;
}

export type Compiled = (at: Element) => number;

const truth = (b: boolean): number => (b ? 1 : 0);

/** One-argument functions in f64. */
export const unaryMeaning: Readonly<Record<Unary, (a: number) => number>> = {
  neg: (a) => -a,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  rsqrt: (a) => 1 / Math.sqrt(a),
  recip: (a) => 1 / a,
  abs: Math.abs,
  tanh: Math.tanh,
  // two branches: exp of a large positive number would overflow
  sigmoid: (a) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a))),
  erf,
  cos: Math.cos,
  floor: Math.floor,
  not: (a) => truth(a === 0),
  sign: Math.sign,
};

/** Two-argument functions in f64; comparisons give 1 or 0. */
export const binaryMeaning: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  lt: (a, b) => truth(a < b),
  le: (a, b) => truth(a <= b),
  eq: (a, b) => truth(a === b),
  and: (a, b) => truth(a !== 0 && b !== 0),
  or: (a, b) => truth(a !== 0 || b !== 0),
};

/** Compiles an expression; `axes` are the names of the output's axes, in order. */
export function compileExpr(expr: Expr, axes: readonly string[]): Compiled {
  if (expr.op === "in") {
    const { i } = expr;
    return (at) => at.inputs[i] as number;
  }
  if (expr.op === "const") {
    const { value } = expr;
    return () => value;
  }
  if (expr.op === "index") {
    const place = axes.indexOf(expr.axis);
    return (at) => at.coordinates[place] as number;
  }
  if (expr.op === "select") {
    const [c, a, b] = [compileExpr(expr.c, axes), compileExpr(expr.a, axes), compileExpr(expr.b, axes)];
    return (at) => (c(at) !== 0 ? a(at) : b(at));
  }
  if ("b" in expr) {
    const [f, a, b] = [binaryMeaning[expr.op], compileExpr(expr.a, axes), compileExpr(expr.b, axes)];
    return (at) => f(a(at), b(at));
  }
  const [f, a] = [unaryMeaning[expr.op], compileExpr(expr.a, axes)];
  return (at) => f(a(at));
}
