/**
 * What a plan's expressions mean, as C++ in f64: for harnesses, which compare kernels with it. Its own printer on purpose:
 * with the one that kernels are printed by, a mistake would be on both sides.
 */
import type { BinaryOp, Unary } from "../../../3-graph/expr.js";
import type { Dim, Param, PExpr, Source } from "../../../5-plan/plan.js";
import { product } from "../../gpu/sizes.js";

/** Where an expression stands. */
export interface Spot {
  readonly params: readonly Param[];
  /** the place along each axis that is walked, as C++ */
  readonly places: ReadonlyMap<string, string>;
  /** in tiles and flat kernels: where a tensor of these axes is read */
  readonly element?: (dims: readonly Dim[]) => string;
}

const UNARY: Readonly<Record<Unary, (a: string) => string>> = {
  neg: (a) => `(-${a})`,
  exp: (a) => `std::exp(${a})`,
  log: (a) => `std::log(${a})`,
  sqrt: (a) => `std::sqrt(${a})`,
  rsqrt: (a) => `(1 / std::sqrt(${a}))`,
  recip: (a) => `(1 / ${a})`,
  abs: (a) => `std::fabs(${a})`,
  tanh: (a) => `std::tanh(${a})`,
  sigmoid: (a) => `logistic(${a})`,
  erf: (a) => `std::erf(${a})`,
  cos: (a) => `std::cos(${a})`,
  floor: (a) => `std::floor(${a})`,
  not: (a) => `(double)(${a} == 0)`,
  sign: (a) => `sign(${a})`,
};

const BINARY: Readonly<Record<BinaryOp, (a: string, b: string) => string>> = {
  add: (a, b) => `(${a} + ${b})`,
  sub: (a, b) => `(${a} - ${b})`,
  mul: (a, b) => `(${a} * ${b})`,
  div: (a, b) => `(${a} / ${b})`,
  min: (a, b) => `std::fmin(${a}, ${b})`,
  max: (a, b) => `std::fmax(${a}, ${b})`,
  lt: (a, b) => `(double)(${a} < ${b})`,
  le: (a, b) => `(double)(${a} <= ${b})`,
  eq: (a, b) => `(double)(${a} == ${b})`,
  and: (a, b) => `(double)(${a} != 0 && ${b} != 0)`,
  or: (a, b) => `(double)(${a} != 0 || ${b} != 0)`,
};

export function meaningOf(expr: PExpr, spot: Spot): string {
  const of = (e: PExpr): string => meaningOf(e, spot);
  switch (expr.op) {
    case "const":
      return literal(expr.value);
    case "index":
      return `(double)${placeOf(expr.axis, spot)}`;
    case "load":
      return read(expr.from, spot);
    case "random":
      return `drawn(${of(expr.seed)}, ${of(expr.step)}, ${expr.stream}, ${spot.element ? spot.element(expr.dims) : offset(expr.dims, spot)})`;
    case "select":
      return `(${of(expr.c)} != 0 ? ${of(expr.a)} : ${of(expr.b)})`;
    default:
      return "b" in expr ? BINARY[expr.op](of(expr.a), of(expr.b)) : UNARY[expr.op](of(expr.a));
  }
}

/** A number in f64, negative ones in brackets. */
export function literal(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "INFINITY" : "(-INFINITY)";
  const text = /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  return value < 0 || Object.is(value, -0) ? `(${text})` : text;
}

function placeOf(axis: string, { places }: Spot): string {
  const found = places.get(axis);
  if (found === undefined) throw new Error(`axis ${axis} is not walked here`);
  return found;
}

/** What a source holds at the spot. */
export function read(from: Source, spot: Spot): string {
  if (from.in === "tile") return `product${from.output}`;
  if (from.in === "local")
    return from.dims.length === 0 ? from.name : `${from.name}[${spot.element ? "0" : offset(from.dims, spot)}]`;
  const tensor = `a[${from.param}]`;
  if (from.gather && !spot.element) return gathered(from, spot);
  return `at(${tensor}, ${spot.element ? spot.element(from.dims) : offset(from.dims, spot)})`;
}

/** A row read by index is zero where the index is negative. */
function gathered(from: Extract<Source, { in: "param" }>, spot: Spot): string {
  const { index, divide, rest } = from.gather!;
  const inner = from.dims.slice(from.dims.length - rest);
  const row = `(long long)${read(index, spot)}`;
  const place = `${row} / ${divide} * ${product(inner)} + ${offset(inner, spot)}`;
  return `(${read(index, spot)} < 0 ? 0.0 : at(a[${from.param}], ${place}))`;
}

/** Row-major place of the spot in a tensor of these axes. */
export function offset(dims: readonly Dim[], spot: Spot): string {
  const parts = dims.flatMap((d, i) => {
    const stride = product(dims.slice(i + 1));
    if (d.size === 1) return [];
    const place = placeOf(d.name, spot);
    return [stride === 1 ? place : `${place} * ${stride}`];
  });
  return parts.length === 0 ? "0" : parts.join(" + ");
}

/** `i_T` for a place along an axis. */
export const walker = (dim: Dim): string => `i_${dim.name.replace(/[^A-Za-z0-9]+/g, "_")}`;

/** The spot inside loops over more axes. */
export const within = (spot: Spot, dims: readonly Dim[]): Spot => ({
  ...spot,
  places: new Map([...spot.places, ...dims.map((d) => [d.name, walker(d)] as const)]),
});
