/**
 * Algebra on scalar expressions: constants are folded and gathered, neutral elements vanish. It keeps
 * fused kernels readable and lets constant factors of the loss (1/T, α·E) melt into one number. Values
 * may change in the last bit where constants are regrouped; x · 0 is taken to be 0.
 */
import type { BinaryOp, Expr } from "./expr.js";
import { toExpr } from "./expr-build.js";
import { binaryMeaning, unaryMeaning } from "./expr-evaluate.js";
import { mapParts, sameExpr } from "./expr-visit.js";

/** The simplest equal expression that the rules below reach. */
export function simplify(expr: Expr): Expr {
  const e = mapParts(expr, simplify);
  if (e.op === "in" || e.op === "const" || e.op === "index") return e;
  if (e.op === "select") return simplifySelect(e);
  if ("b" in e) return simplifyBinary(e.op, e.a, e.b);
  if (e.a.op === "const") return toExpr(unaryMeaning[e.op](e.a.value));
  if (e.op === "neg" && e.a.op === "neg") return e.a.a;
  return e;
}

function simplifySelect(e: Extract<Expr, { op: "select" }>): Expr {
  if (e.c.op === "const") return e.c.value !== 0 ? e.a : e.b;
  if (sameExpr(e.a, e.b)) return e.a;
  return e.c.op === "not" ? { op: "select", c: e.c.a, a: e.b, b: e.a } : e;
}

function simplifyBinary(op: BinaryOp, a: Expr, b: Expr): Expr {
  if (a.op === "const" && b.op === "const") return toExpr(binaryMeaning[op](a.value, b.value));
  if (op === "add") return simplifyAdd(a, b);
  if (op === "sub") return simplifySub(a, b);
  if (op === "mul") return simplifyMul(a, b);
  if (op === "div") return simplifyDiv(a, b);
  return { op, a, b };
}

const isConst = (e: Expr, value: number): boolean => e.op === "const" && e.value === value;

function simplifyAdd(a: Expr, b: Expr): Expr {
  if (isConst(a, 0)) return b;
  if (isConst(b, 0)) return a;
  if (b.op === "neg") return simplifySub(a, b.a);
  if (a.op === "neg") return simplifySub(b, a.a);
  return { op: "add", a, b };
}

function simplifySub(a: Expr, b: Expr): Expr {
  if (isConst(b, 0)) return a;
  if (isConst(a, 0)) return simplify({ op: "neg", a: b });
  if (b.op === "neg") return simplifyAdd(a, b.a);
  return { op: "sub", a, b };
}

/** Constants wander to the right and meet there: (x·2)·(y·3) becomes (x·y)·6. */
function simplifyMul(a: Expr, b: Expr): Expr {
  const [x, cx] = takeFactor(a);
  const [y, cy] = takeFactor(b);
  const rest = x === undefined ? y : y === undefined ? x : ({ op: "mul", a: x, b: y } as const);
  return withFactor(rest, cx * cy);
}

function simplifyDiv(a: Expr, b: Expr): Expr {
  if (isConst(a, 0)) return a;
  if (isConst(b, 1)) return a;
  const [x, cx] = takeFactor(a);
  // x / 3 stays: x · (1/3) rounds differently, and floor(x / 3) would notice
  if (b.op === "const" && cx !== 1) return withFactor(x, cx / b.value);
  if (x === undefined) return withFactor({ op: "recip", a: b }, cx);
  return withFactor({ op: "div", a: x, b }, cx);
}

/** Splits e into (something without a constant factor, the factor). */
function takeFactor(e: Expr): readonly [Expr | undefined, number] {
  if (e.op === "const") return [undefined, e.value];
  if (e.op === "neg") {
    const [rest, factor] = takeFactor(e.a);
    return [rest, -factor];
  }
  if (e.op === "mul" && e.b.op === "const") return [e.a, e.b.value];
  return [e, 1];
}

function withFactor(e: Expr | undefined, factor: number): Expr {
  if (e === undefined || factor === 0) return toExpr(factor);
  if (factor === 1) return e;
  return factor === -1 ? { op: "neg", a: e } : { op: "mul", a: e, b: toExpr(factor) };
}
