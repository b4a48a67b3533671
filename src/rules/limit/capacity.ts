/**
 * Experts take a limited number of edges per step. Who comes first is served first: by position all first choices of all
 * units before any second choice, by score the highest weight.
 */
import type { RuleArgs } from "../../2-design/design.js";
import { add, and, div, floor, index, le, lt, mul, or, select, sub, type Term } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { clause, number, share, value, word } from "../../words/params.js";
import { ceiling } from "../amounts.js";
import type { RouterSite, RouterState } from "../build.js";
import { choiceKey } from "../meaning.js";
import { defineRule } from "../rule.js";

/** Most edges of an expert that computes something, and of one that does not. */
interface Room {
  readonly computing: number;
  readonly passing: number;
}

/** MoE++ (arXiv 2410.07348) gives computing experts a share of the others' room; without one all have the same. */
function roomOf({ units, experts, computes }: RouterSite, edges: Value, { factor, ffn_share }: RuleArgs): Room {
  const computing = Array.from({ length: experts.size }, (_, e) => computes(e)).filter(Boolean).length;
  const t = typeof ffn_share === "number" ? ffn_share : 1;
  const even = edges.axes.at(-1)!.size * units.size * Number(factor);
  const parts = t * computing + experts.size - computing;
  return { computing: ceiling((even * t) / parts), passing: ceiling(even / parts) };
}

/** The room of an expert, as an expression in its number. */
function roomAt({ experts, computes }: RouterSite, { computing, passing }: Room, expert: Term): Term {
  if (computing === passing) return computing;
  // experts of one kind stand together: a range for each run of those that compute nothing
  const starts = Array.from({ length: experts.size }, (_, e) => e).filter(
    (e) => !computes(e) && (e === 0 || computes(e - 1)),
  );
  const endOf = (start: number): number => {
    let e = start;
    while (e < experts.size && !computes(e)) e++;
    return e;
  };
  const ranges = starts.map((start) => and(le(start, expert), lt(expert, endOf(start))));
  const [first, ...rest] = ranges;
  if (first === undefined) return computing;
  return select(
    rest.reduce((a, b) => or(a, b), first),
    passing,
    computing,
  );
}

/** All edges in one line [N], first choices of all units first. */
interface Line {
  readonly g: RouterSite["g"];
  readonly units: Axis;
  readonly k: Axis;
  readonly all: Axis;
}

function lineOf({ g, units }: RouterSite, edges: Value): Line {
  const k = edges.axes.at(-1)!;
  return { g, units, k, all: { name: "N", size: units.size * k.size } };
}

const inLine = ({ g, units, k, all }: Line, values: Value): Value =>
  g.view(
    g.map([values], (v) => v, { axes: [k, units], dtype: values.dtype }),
    [all],
  );

const fromLine = ({ g, units, k }: Line, values: Value): Value =>
  g.map([g.view(values, [k, units])], (v) => v, { axes: [units, k], dtype: values.dtype });

/** Places in the line by falling weight, ties by position; -1 for places without an edge. */
function byWeight(line: Line, edges: Value, weight: Value): { readonly rank: Value; readonly order: Value } {
  const { g } = line;
  const wanted = g.map([edges, weight], (e, w) => select(le(0, e), w, Number.NEGATIVE_INFINITY), { axes: edges.axes });
  return g.rank(g.stop(inLine(line, wanted)));
}

/** Edges [U, K] that find room; the others become -1. */
function kept(site: RouterSite, state: RouterState, room: Room, byScore: boolean): Value {
  const { g, experts } = site;
  const edges = state.edges!;
  const line = lineOf(site, edges);
  const places = { name: "P", size: Math.max(room.computing, room.passing) };
  const queue = inLine(line, edges);
  const slots = byScore
    ? scoredSlots(line, queue, byWeight(line, edges, state.weight!), experts, places)
    : g.bucket(queue, experts, places).slots;
  return g.map(
    [edges, fromLine(line, slots)],
    (e, slot) => {
      const fits = lt(sub(slot, mul(e, places.size)), roomAt(site, room, e));
      return select(and(le(0, e), and(le(0, slot), fits)), e, -1);
    },
    { axes: edges.axes, dtype: "i32" },
  );
}

/** Slots of the edges in the line, which take their places by weight. */
function scoredSlots(
  { g }: Line,
  queue: Value,
  { rank, order }: { readonly rank: Value; readonly order: Value },
  experts: Axis,
  places: Axis,
): Value {
  // a look-up at -1 gives 0, which is an expert
  const served = g.map([order, g.take(queue, order)], (at, e) => select(le(0, at), e, -1), { dtype: "i32" });
  return g.take(g.bucket(served, experts, places).slots, rank);
}

/** Edges [U, K] in which those without room go to the unit's next best expert that has some. */
function redirected(site: RouterSite, state: RouterState, room: Room, byScore: boolean): Value {
  const { g, experts } = site;
  const edges = state.edges!;
  const line = lineOf(site, edges);
  const { k, units, all } = line;
  const numbers = (place: Term): Term => {
    // places in the line are first choices, then second choices; half a step keeps the quotient off whole numbers
    const choice = floor(div(add(place, 0.5), units.size));
    return add(mul(sub(place, mul(choice, units.size)), k.size), choice);
  };
  const order = byScore
    ? g.map([byWeight(line, edges, state.weight!).order], (at) => select(le(0, at), numbers(at), -1), { dtype: "i32" })
    : g.map([], () => numbers(index(all.name)), { axes: [all], dtype: "i32" });
  const rooms = g.map([], () => roomAt(site, room, index(experts.name)), { axes: [experts], dtype: "i32" });
  const ranked = g.topK(choiceKey(site, state), experts.size, "KE");
  return g.admit(edges, order, rooms, ranked);
}

/** Σ of the weights of edges without room [U]: what the unit itself counts in their place. */
function weightOfCopies({ g }: RouterSite, { edges, weight }: RouterState, left: Value): Value {
  const lost = g.map([edges!, left, weight!], (was, is, w) => select(and(le(0, was), lt(is, 0)), w, 0), {
    axes: left.axes,
  });
  return g.reduce("sum", lost, [left.axes.at(-1)!.name]);
}

export const capacity = defineRule({
  slot: "limit",
  name: "capacity",
  doc: "Experts take a limited number of edges per step: ceil(factor · k · U / E).",
  means: ({ factor, ffn_share, else: otherwise, by }) => {
    const room =
      ffn_share === undefined
        ? `ceil(${factor} · k · U / E) edges`
        : `its part of ${factor} · k · U edges (experts that compute something ${Number((Number(ffn_share) * 100).toPrecision(6))}% of what the others take)`;
    const order = by === "score" ? "highest weights first" : "first choices first, in the order of the units";
    const rest: Readonly<Record<string, string>> = {
      drop: "the other edges are dropped",
      next: "the others go to the unit's next best expert with room",
      copy: "in place of the others the unit counts itself",
    };
    return `In a step an expert takes at most ${room}, ${order}; ${rest[String(otherwise)]}.`;
  },
  example: "limit capacity(1.25) else drop",
  params: [
    number("factor", "room per expert, in multiples of an even share", { min: 0, above: true }),
    share(
      "ffn_share",
      "t: experts that compute something take ceil(t · r) edges and the others ceil(r), with r = factor · k · U / (t · computing experts + others)",
      { optional: true },
    ),
  ],
  clauses: [
    clause(
      "else",
      value(
        word("else", ["drop", "next", "copy"], "what happens to an edge without room", {
          default: "drop",
          why: "the residual carries the unit",
        }),
      ),
      "what happens to an edge without room",
    ),
    clause(
      "by",
      value(
        word("by", ["position", "score"], "who comes first", {
          default: "position",
          why: "unit order in the batch, first choices before second choices",
        }),
      ),
      "who comes first",
    ),
  ],
  needs: [],
  // the next best expert is found by what all were chosen by
  needsMore: (args) => (args.else === "next" ? ["scores"] : []),
  facts: ({ factor }) => ({ drops: true, ...(typeof factor === "number" && { room: factor }) }),
  build(site, state, args) {
    const { g, units } = site;
    const room = roomOf(site, state.edges!, args);
    const byScore = args.by === "score";
    return g.within({ role: "router.limit" }, () => {
      const next = args.else === "next";
      const edges = next ? redirected(site, state, room, byScore) : kept(site, state, room, byScore);
      const most = Math.max(room.computing, room.passing);
      const limited = { ...state, edges, room: Math.min(most, next ? units.size : (state.room ?? units.size)) };
      if (next) return { ...limited, moved: true };
      const weight = g.map([state.weight!, edges], (w, e) => select(le(0, e), w, 0));
      return args.else === "copy"
        ? { ...limited, weight, copied: weightOfCopies(site, state, edges) }
        : { ...limited, weight };
    });
  },
});
