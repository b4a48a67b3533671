/** Losses over groups of experts, such as those of one device: which expert belongs to which group. Not a rule. */
import { add, and, div, eq, floor, index, le, mul, select, sub, type Term } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import type { RouterSite } from "../build.js";

export interface ExpertGroups {
  /** G */
  readonly axis: Axis;
  /** [E, G]: 1 where an expert belongs to a group */
  readonly member: Value;
}

/** Experts that follow each other, and how many of those that are grouped stand before them. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly before: number;
}

/** Equal, contiguous groups; with `apart`, of the experts that compute something, and the others are one more group. */
export function groupsOf({ g, experts, computes }: RouterSite, count: number, apart: boolean): ExpertGroups {
  const all = Array.from({ length: experts.size }, (_, e) => e);
  const grouped = apart ? all.filter(computes) : all;
  const axis = { name: "G", size: apart ? count + 1 : count };
  // half a step keeps the quotient off whole numbers, where rounding could lose one
  const groupOf = (place: Term): Term => floor(div(add(place, 0.5), grouped.length / count));
  const e = index(experts.name);
  const group = runsOf(grouped).reduce<Term>(
    (other, { from, to, before }) => select(and(le(from, e), le(e, to)), groupOf(sub(e, from - before)), other),
    count,
  );
  return { axis, member: g.map([], () => eq(group, index(axis.name)), { axes: [experts, axis] }) };
}

function runsOf(experts: readonly number[]): readonly Run[] {
  const starts = experts.filter((each, i) => experts[i - 1] !== each - 1);
  const ends = experts.filter((each, i) => experts[i + 1] !== each + 1);
  return starts.map((from, i) => ({ from, to: ends[i]!, before: experts.indexOf(from) }));
}

/** What experts have for each unit [U, E], added up over groups [U, G]. */
export function byGroup({ g, experts }: RouterSite, { member }: ExpertGroups, x: Value): Value {
  return g.contract(x, member, [experts.name]);
}

/** Σ over groups of f · P, averaged over the parts that were counted on their own; f [B, G], sums of gates [B, G]. */
export function groupLoss({ g, units }: RouterSite, f: Value, sums: Value, weight: number): Value {
  const each = g.map([f, sums], (a, b) => mul(mul(a, b), weight / units.size));
  return g.reduce(
    "sum",
    each,
    each.axes.map((axis) => axis.name),
  );
}
