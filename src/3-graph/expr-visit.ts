/** Walking scalar expressions: children, rebuilding, substitution and what an expression reads. */
import type { Expr } from "./expr.js";

/** The direct parts of an expression, in reading order. */
export function parts(expr: Expr): readonly Expr[] {
  if (expr.op === "in" || expr.op === "const" || expr.op === "index") return [];
  if (expr.op === "select") return [expr.c, expr.a, expr.b];
  return "b" in expr ? [expr.a, expr.b] : [expr.a];
}

/** The same expression with every direct part passed through `f`. */
export function mapParts(expr: Expr, f: (part: Expr) => Expr): Expr {
  if (expr.op === "in" || expr.op === "const" || expr.op === "index") return expr;
  if (expr.op === "select") return { op: "select", c: f(expr.c), a: f(expr.a), b: f(expr.b) };
  return "b" in expr ? { op: expr.op, a: f(expr.a), b: f(expr.b) } : { op: expr.op, a: f(expr.a) };
}

/** Puts an expression in the place of every input: how maps are fused into one another. */
export function substitute(expr: Expr, replace: (i: number) => Expr): Expr {
  return expr.op === "in" ? replace(expr.i) : mapParts(expr, (part) => substitute(part, replace));
}

/** Numbers of the inputs that an expression reads, each once, rising. */
export function inputsOf(expr: Expr): readonly number[] {
  const seen = new Set<number>();
  const visit = (e: Expr): void => {
    if (e.op === "in") seen.add(e.i);
    parts(e).forEach(visit);
  };
  visit(expr);
  return [...seen].sort((a, b) => a - b);
}

/** Names of the axes whose coordinate an expression reads, in reading order. */
export function indicesOf(expr: Expr): readonly string[] {
  const seen = new Set<string>();
  const visit = (e: Expr): void => {
    if (e.op === "index") seen.add(e.axis);
    parts(e).forEach(visit);
  };
  visit(expr);
  return [...seen];
}

/** Whether two expressions are the same tree. */
export function sameExpr(a: Expr, b: Expr): boolean {
  if (a.op !== b.op) return false;
  if (a.op === "in" && b.op === "in") return a.i === b.i;
  if (a.op === "const" && b.op === "const") return Object.is(a.value, b.value);
  if (a.op === "index" && b.op === "index") return a.axis === b.axis;
  const [pa, pb] = [parts(a), parts(b)];
  return pa.every((part, i) => sameExpr(part, pb[i] as Expr));
}
