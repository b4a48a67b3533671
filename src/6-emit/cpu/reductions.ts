/** Sums and maxima in C: within a row, over inner axes, and into the partial result of a chunk of rows. */
import type { Dim, Stmt, Target } from "../../5-plan/plan.js";
import { asNumber, asVector, type Piece, tight } from "../../targets/c-like.js";
import { cpuDialect } from "../../targets/cpu/dialect.js";
import type { Lines } from "../lines.js";
import { expression } from "./expression.js";
import { nest, scalarNest, wholeVectors } from "./loops.js";
import { printRowSum, rowSumOf } from "./row-sums.js";
import { offset, outside, type Site } from "./site.js";
import { declare, storeAt, storeScalar } from "./writes.js";

/** A sum or maximum over inner axes of the row. */
export function printReduce(s: Extract<Stmt, { kind: "reduce" }>, site: Site, out: Lines): void {
  const { to, over } = s;
  const last = over.at(-1)!;
  if (to.dims.length === 0) {
    const sum = unusedSum(to, site);
    const start = s.how === "sum" ? "0.0f" : "-INFINITY";
    out.line(`vf ${sum} = vf_splat(${start});`);
    nest(over, site, out, (spot) =>
      out.line(`${sum} = ${combine(s.how, sum, masked(expression(s.expr, spot), last, s.how))};`),
    );
    storeScalar(to, `vf_h${s.how}(${sum})`, site, out);
    return;
  }
  const byIndex = rowSumOf(s, site.params);
  if (byIndex !== undefined) return printRowSum(byIndex, to, site, out);
  declare(to, out);
  nest(to.dims, site, out, (spot) => {
    out.line(`vf sum = vf_splat(${s.how === "sum" ? "0.0f" : "-INFINITY"});`);
    scalarNest(over, spot.loops, out, (loops) => {
      out.line(`sum = ${combine(s.how, "sum", asVector(expression(s.expr, { ...spot, loops }), cpuDialect).text)};`);
    });
    storeAt(to, tight("sum", "v"), spot, out);
  });
}

const unusedSum = (to: Target, site: Site): string =>
  `${to.local?.name ?? `value_${site.params[to.param!]!.name}`}_lanes`;

function masked(value: Piece, last: Dim, how: "sum" | "max"): string {
  const v = asVector(value, cpuDialect).text;
  return wholeVectors(last.size) ? v : `vf_keep(${v}, lanes, ${how === "sum" ? "0.0f" : "-INFINITY"})`;
}

/** C of two values joined. */
export const combine = (how: "sum" | "max", a: string, b: string): string =>
  how === "sum" ? `${a} + ${b}` : `vf_max(${a}, ${b})`;

/** Adds the row's contribution to the partial result of its chunk. */
export function printAccumulate(s: Extract<Stmt, { kind: "accumulate" }>, site: Site, out: Lines): void {
  const size = s.dims.reduce((n, x) => n * x.size, 1);
  const base = `${site.params[s.param]!.name} + ${site.chunk} * ${size}`;
  if (s.dims.length > 0) {
    nest(s.dims, site, out, (spot) => {
      const at = `${base} + ${offset(s.dims, s.dims, spot)}`;
      const tail = wholeVectors(spot.lanes!.size) ? "" : ", lanes";
      const load = `${tail ? "vf_load_n" : "vf_load"}(${at}${tail})`;
      if (s.over.length === 0) {
        out.line(
          `${tail ? "vf_store_n" : "vf_store"}(${at}, ${combine(s.how, load, asVector(expression(s.expr, spot), cpuDialect).text)}${tail});`,
        );
        return;
      }
      out.line(`vf sum = ${load};`);
      scalarNest(s.over, spot.loops, out, (loops) =>
        out.line(`sum = ${combine(s.how, "sum", asVector(expression(s.expr, { ...spot, loops }), cpuDialect).text)};`),
      );
      out.line(`${tail ? "vf_store_n" : "vf_store"}(${at}, sum${tail});`);
    });
    return;
  }
  const one = (value: string) =>
    s.how === "sum" ? `${base}[0] += ${value}` : `${base}[0] = f_max(${base}[0], ${value})`;
  if (s.over.length === 0) {
    out.line(
      `${one(asNumber(expression(s.expr, outside(site)), cpuDialect).text).replaceAll(`${base}[0]`, `(${base})[0]`)};`,
    );
    return;
  }
  out.block("", () => {
    out.line(`vf sum = vf_splat(${s.how === "sum" ? "0.0f" : "-INFINITY"});`);
    nest(s.over, site, out, (spot) =>
      out.line(`sum = ${combine(s.how, "sum", masked(expression(s.expr, spot), s.over.at(-1)!, s.how))};`),
    );
    out.line(`${one(`vf_h${s.how}(sum)`).replaceAll(`${base}[0]`, `(${base})[0]`)};`);
  });
}
