/**
 * Experts that groups of routed experts have in common (Grove MoE): behind the edges to experts stand edges to the
 * adjugates of their groups. A unit meets an adjugate once, however many experts of the group it chose; it then weighs as
 * much as these together.
 */
import type { AdjugateGroup } from "../../2-design/design.js";
import { add, and, div, eq, floor, index, le, lt, mul, select, sub, type Term } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import type { ForwardContext } from "./context.js";

/** [U, K] both */
export interface Edges {
  readonly edges: Value;
  readonly weight: Value;
}

/** Edges [U, 2K] to `experts` experts and to the adjugates, which are numbered after them. */
export function withAdjugates(c: ForwardContext, adjugate: AdjugateGroup, experts: number, given: Edges): Edges {
  const { g } = c;
  return g.within({ role: "experts.adjugates" }, () => {
    const { edges, weight } = given;
    const [U, K] = edges.axes as [Axis, Axis];
    const other = { name: "KB", size: K.size };
    // half a step keeps the quotient off whole numbers, where rounding could lose one
    const groupOf = (e: Term): Term => select(le(0, e), floor(div(add(e, 0.5), experts / adjugate.count)), -1);
    const group = g.map([edges], (e) => groupOf(e), { dtype: "i32" } as const);
    const same = g.map([group, g.view(group, [U, other])], (a, b) => and(le(0, a), eq(a, b)), { axes: [U, K, other] });
    const before = g.reduce(
      "sum",
      g.map([same], (s) => mul(s, lt(index(other.name), index(K.name)))),
      [other.name],
    );
    const own = g.map([group, before], (a, n) => select(and(le(0, a), lt(n, 0.5)), add(a, experts), -1), {
      dtype: "i32",
    });
    const shares = g.map([same, g.view(weight, [U, other])], (s, w) => mul(mul(s, w), adjugate.scaled));
    const together = g.reduce("sum", shares, [other.name]);
    return { edges: joined(c, edges, own), weight: joined(c, weight, together) };
  });
}

/** a [U, K] and b [U, K] side by side: [U, 2K]. */
function joined({ g }: ForwardContext, a: Value, b: Value): Value {
  const [U, K] = a.axes as [Axis, Axis];
  const axes = [U, { name: K.name, size: 2 * K.size }];
  const [short, at] = [{ name: "KP", size: K.size }, index(K.name)];
  const part = (x: Value, place: Term): Value =>
    g.pick(
      g.view(x, [U, short]),
      g.map([], () => place, { axes, dtype: "i32" }),
      short.name,
    );
  const inFirst = lt(at, K.size);
  const [first, second] = [part(a, select(inFirst, at, -1)), part(b, select(inFirst, -1, sub(at, K.size)))];
  return g.map([first, second], (x, y) => select(inFirst, x, y), { axes, dtype: a.dtype });
}
