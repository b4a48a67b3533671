/**
 * Prints scalar expressions in the languages that look like C. A dialect says how its words are spelled and
 * whether it has vectors; loads are spelled by the caller, who knows the loops around them. Every printed
 * piece carries its type, so that a scalar is only widened where a vector function needs it.
 */

import type { BinaryOp, Unary } from "../3-graph/expr.js";
import type { PExpr, Source } from "../5-plan/plan.js";

/** scalar, vector, scalar truth, vector truth */
export type CType = "s" | "v" | "b" | "m";

export interface Piece {
  readonly text: string;
  readonly type: CType;
  /** binds as tightly as a name or a call */
  readonly tight: boolean;
}

export interface Dialect {
  readonly number: (value: number) => string;
  readonly call: (name: Unary | "min" | "max" | "select", type: "s" | "v", args: readonly string[]) => string;
  readonly splat: (text: string) => string;
  readonly splatTruth: (text: string) => string;
  readonly and: (type: "b" | "m", a: string, b: string) => string;
  readonly or: (type: "b" | "m", a: string, b: string) => string;
  readonly not: (type: "b" | "m", a: string) => string;
  /** the sign of a scalar, in languages whose truth values are not numbers */
  readonly sign?: (text: string) => string;
}

/** Truth in dialects without vectors, where nothing is ever widened. */
export const scalarTruth: Pick<Dialect, "splat" | "splatTruth" | "and" | "or" | "not"> = {
  splat: (text) => text,
  splatTruth: (text) => text,
  and: (_type, a, b) => `(${a} && ${b})`,
  or: (_type, a, b) => `(${a} || ${b})`,
  not: (_type, a) => `!${a}`,
};

/** The shortest decimal that rounds to a number as an f32, with a point or an exponent: `1.0`, `1e-7`. */
export function f32Literal(value: number): string {
  const x = Math.fround(value);
  const decimals = Array.from({ length: 9 }, (_, i) => Number(x.toPrecision(i + 1)));
  const text = String(decimals.find((each) => Math.fround(each) === x) ?? x);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

export interface Leaves {
  readonly load: (from: Source) => Piece;
  readonly index: (axis: string) => Piece;
  readonly random: (expr: Extract<PExpr, { op: "random" }>) => Piece;
}

const INFIX: Partial<Record<BinaryOp, string>> = { add: "+", sub: "-", mul: "*", div: "/" };
const COMPARE: Partial<Record<BinaryOp, string>> = { lt: "<", le: "<=", eq: "==" };

export const tight = (text: string, type: CType): Piece => ({ text, type, tight: true });
const loose = (text: string, type: CType): Piece => ({ text, type, tight: false });
const wrap = (p: Piece): string => (p.tight ? p.text : `(${p.text})`);

export function printExpr(expr: PExpr, d: Dialect, leaves: Leaves): Piece {
  const print = (e: PExpr): Piece => printExpr(e, d, leaves);
  switch (expr.op) {
    case "const":
      return expr.value < 0 ? loose(d.number(expr.value), "s") : tight(d.number(expr.value), "s");
    case "index":
      return leaves.index(expr.axis);
    case "load":
      return leaves.load(expr.from);
    case "random":
      return leaves.random(expr);
    case "select":
      return select(print(expr.c), print(expr.a), print(expr.b), d);
    case "neg":
      return negate(asNumber(print(expr.a), d));
    case "not": {
      const a = asTruth(print(expr.a), d);
      return tight(d.not(a.type as "b" | "m", wrap(a)), a.type);
    }
    case "sign":
      return signOf(asNumber(print(expr.a), d), d);
    default:
      return "b" in expr
        ? binary(expr.op, print(expr.a), print(expr.b), d)
        : unary(expr.op, asNumber(print(expr.a), d), d);
  }
}

function negate(a: Piece): Piece {
  return loose(`-${wrap(a)}`, a.type);
}

function unary(op: Unary, a: Piece, d: Dialect): Piece {
  return tight(d.call(op, a.type as "s" | "v", [a.text]), a.type);
}

function binary(op: BinaryOp, x: Piece, y: Piece, d: Dialect): Piece {
  if (op === "and" || op === "or") {
    const [a, b] = sameTruth(asTruth(x, d), asTruth(y, d), d);
    return tight(d[op](a.type as "b" | "m", wrap(a), wrap(b)), a.type);
  }
  const a = asNumber(x, d);
  const b = asNumber(y, d);
  if (op === "min" || op === "max") {
    const [p, q] = widen(a, b, d);
    return tight(d.call(op, p.type as "s" | "v", [p.text, q.text]), p.type);
  }
  const compare = COMPARE[op];
  if (compare) {
    const [p, q] = widen(a, b, d);
    return loose(`${wrap(p)} ${compare} ${wrap(q)}`, p.type === "v" ? "m" : "b");
  }
  return loose(`${wrap(a)} ${INFIX[op]} ${wrap(b)}`, a.type === "v" || b.type === "v" ? "v" : "s");
}

/** Both vectors if one is. */
function widen(a: Piece, b: Piece, d: Dialect): [Piece, Piece] {
  if (a.type === b.type) return [a, b];
  return [asVector(a, d), asVector(b, d)];
}

export function asVector(p: Piece, d: Dialect): Piece {
  const n = asNumber(p, d);
  return n.type === "v" ? n : tight(d.splat(n.text), "v");
}

function asTruth(p: Piece, d: Dialect): Piece {
  if (p.type === "b" || p.type === "m") return p;
  const zero = d.number(0);
  return p.type === "v" ? loose(`${wrap(p)} != ${d.splat(zero)}`, "m") : loose(`${wrap(p)} != ${zero}`, "b");
}

export function asNumber(p: Piece, d: Dialect): Piece {
  if (p.type === "s" || p.type === "v") return p;
  const [one, zero] = [d.number(1), d.number(0)];
  if (p.type === "b") return tight(d.call("select", "s", [wrap(p), one, zero]), "s");
  return tight(d.call("select", "v", [p.text, d.splat(one), d.splat(zero)]), "v");
}

function sameTruth(a: Piece, b: Piece, d: Dialect): [Piece, Piece] {
  if (a.type === b.type) return [a, b];
  const lift = (p: Piece) => (p.type === "m" ? p : tight(d.splatTruth(p.text), "m"));
  return [lift(a), lift(b)];
}

function select(c: Piece, a: Piece, b: Piece, d: Dialect): Piece {
  const t = asTruth(c, d);
  const [x, y] = [asNumber(a, d), asNumber(b, d)];
  if (t.type === "b" && x.type === "s" && y.type === "s")
    return tight(d.call("select", "s", [wrap(t), wrap(x), wrap(y)]), "s");
  const mask = t.type === "m" ? t : tight(d.splatTruth(t.text), "m");
  return tight(d.call("select", "v", [mask.text, asVector(x, d).text, asVector(y, d).text]), "v");
}

function signOf(a: Piece, d: Dialect): Piece {
  const zero = d.number(0);
  const [one, minus] = [d.number(1), d.number(-1)];
  if (a.type === "s" && d.sign) return tight(d.sign(a.text), "s");
  if (a.type === "s") return tight(`(float)((${a.text} > ${zero}) - (${a.text} < ${zero}))`, "s");
  const above = d.call("select", "v", [`${wrap(a)} > ${d.splat(zero)}`, d.splat(one), d.splat(zero)]);
  return tight(d.call("select", "v", [`${wrap(a)} < ${d.splat(zero)}`, d.splat(minus), above]), "v");
}
