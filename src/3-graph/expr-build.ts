/**
 * Constructors of scalar expressions, so that passes read `mul(a, sigmoid(a))` instead of object
 * literals. They build what they are told; folding is `expr-simplify.ts`.
 */
import type { BinaryOp, Expr, Unary } from "./expr.js";

/** A number may stand wherever an expression may. */
export type Term = Expr | number;

/** An expression from a term: numbers become constants. */
export function toExpr(term: Term): Expr {
  return typeof term === "number" ? { op: "const", value: term } : term;
}

const unary =
  (op: Unary) =>
  (a: Term): Expr => ({ op, a: toExpr(a) });

const binary =
  (op: BinaryOp) =>
  (a: Term, b: Term): Expr => ({ op, a: toExpr(a), b: toExpr(b) });

/** Input number i of the map. */
export const input = (i: number): Expr => ({ op: "in", i });
/** Coordinate along an output axis. */
export const index = (axis: string): Expr => ({ op: "index", axis });
/** a where c is not zero, else b. */
export const select = (c: Term, a: Term, b: Term): Expr => ({ op: "select", c: toExpr(c), a: toExpr(a), b: toExpr(b) });

export const neg = unary("neg");
export const exp = unary("exp");
export const log = unary("log");
export const sqrt = unary("sqrt");
export const rsqrt = unary("rsqrt");
export const recip = unary("recip");
export const abs = unary("abs");
export const tanh = unary("tanh");
export const sigmoid = unary("sigmoid");
export const erf = unary("erf");
export const cos = unary("cos");
export const floor = unary("floor");
export const not = unary("not");
export const sign = unary("sign");

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const min = binary("min");
export const max = binary("max");
export const lt = binary("lt");
export const le = binary("le");
export const eq = binary("eq");
export const and = binary("and");
export const or = binary("or");

/** a², with a written twice: expressions are trees. */
export const square = (a: Term): Expr => mul(a, a);
/** Sum of any number of terms, left to right. */
export const sum = (terms: readonly Term[]): Expr => terms.map(toExpr).reduce((a, b) => add(a, b), toExpr(0));
