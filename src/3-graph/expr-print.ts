/** Scalar expressions as people write them: infix, brackets only where they are needed. For reading, not for compilers. */
import type { BinaryOp, Expr, Unary } from "./expr.js";

const infix: Readonly<Partial<Record<BinaryOp, { readonly sign: string; readonly strength: number }>>> = {
  or: { sign: "or", strength: 1 },
  and: { sign: "and", strength: 2 },
  lt: { sign: "<", strength: 3 },
  le: { sign: "<=", strength: 3 },
  eq: { sign: "=", strength: 3 },
  add: { sign: "+", strength: 4 },
  sub: { sign: "-", strength: 4 },
  mul: { sign: "*", strength: 5 },
  div: { sign: "/", strength: 5 },
};

/** `a * rsqrt(b * 0.125 + 1e-5)`; inputs are called as `names` says, coordinates by their axis. */
export function printExpr(expr: Expr, names: (i: number) => string): string {
  return print(expr, 0);

  function print(e: Expr, outer: number): string {
    if (e.op === "in") return names(e.i);
    if (e.op === "const") return printNumber(e.value);
    if (e.op === "index") return `@${e.axis}`;
    if (e.op === "select") return `(${print(e.c, 0)} ? ${print(e.a, 0)} : ${print(e.b, 0)})`;
    if (!("b" in e)) return printUnary(e.op, e.a);
    const how = infix[e.op];
    if (how === undefined) return `${e.op}(${print(e.a, 0)}, ${print(e.b, 0)})`;
    // the right side binds one tighter: a - (b - c) keeps its brackets
    const text = `${print(e.a, how.strength)} ${how.sign} ${print(e.b, how.strength + 1)}`;
    return how.strength < outer ? `(${text})` : text;
  }

  function printUnary(op: Unary, a: Expr): string {
    return op === "neg" ? `-${print(a, 6)}` : `${op}(${print(a, 0)})`;
  }
}

function printNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "inf";
  return value === Number.NEGATIVE_INFINITY ? "-inf" : String(Number(value.toPrecision(6)));
}
