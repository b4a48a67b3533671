/** Expressions of a statement in C, at a spot: loads, positions and random numbers are its leaves. */
import type { PExpr } from "../../5-plan/plan.js";
import { type Leaves, type Piece, printExpr, tight } from "../../targets/c-like.js";
import { cpuDialect } from "../../targets/cpu/dialect.js";
import { load } from "./reads.js";
import { offset, type Spot } from "./site.js";

/** The value of an expression at the spot. */
export function expression(expr: PExpr, spot: Spot): Piece {
  const leaves: Leaves = {
    load: (from) => load(from, spot, false),
    index: (axis) => indexOf(axis, spot),
    random: (r) => random(r, spot),
  };
  return printExpr(expr, cpuDialect, leaves);
}

function indexOf(axis: string, spot: Spot): Piece {
  const at = spot.loops.get(axis) ?? spot.site.coordinates.get(axis);
  if (at === undefined) throw new Error(`axis ${axis} is not walked here`);
  if (spot.lanes?.name === axis) return tight(`vf_count(${at})`, "v");
  return tight(`(float)(${at})`, "s");
}

function random(r: Extract<PExpr, { op: "random" }>, spot: Spot): Piece {
  const at = offset(r.dims, r.dims, spot);
  const args = [
    expression(r.seed, { ...spot, lanes: undefined }).text,
    expression(r.step, { ...spot, lanes: undefined }).text,
    String(r.stream),
    at,
  ];
  return spot.lanes ? tight(`vf_random(${args.join(", ")})`, "v") : tight(`f_random(${args.join(", ")})`, "s");
}
