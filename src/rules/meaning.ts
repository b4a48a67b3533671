/** Small pieces that several rules mean the same by. Not a rule. */

import type { RuleUse } from "../2-design/design.js";
import type { GraphBuilder } from "../3-graph/builder.js";
import { softmax } from "../3-graph/compose/softmax.js";
import type { Expr } from "../3-graph/expr.js";
import {
  add,
  and,
  div,
  index,
  le,
  lt,
  max,
  mul,
  not,
  or,
  select,
  square,
  sub,
  type Term,
} from "../3-graph/expr-build.js";
import type { Value } from "../3-graph/graph.js";
import type { RouterSite, RouterState } from "./build.js";

/** What the names of a score's weights start with: `router`, and `router.1` for a second score. */
export function scorePrefix({ path }: RuleUse): string {
  const at = Number(/\[(\d+)\]$/.exec(path)?.[1] ?? 0);
  return at === 0 ? "router" : `router.${at}`;
}

/** Adds a score to those there are. */
export function addScores({ g }: RouterSite, state: RouterState, scores: Value): RouterState {
  return { ...state, logits: state.logits ? g.map([state.logits, scores], (a, b) => add(a, b)) : scores };
}

/** Adds a loss to those there are. */
export function addLoss({ g }: RouterSite, state: RouterState, make: () => Value): RouterState {
  const loss = g.within({ role: "router.balance" }, make);
  return { ...state, losses: [...(state.losses ?? []), loss] };
}

/** Sets masked entries to exactly 0. */
export function onlyLegal(g: GraphBuilder, gate: Value, legal: Value | undefined): Value {
  return legal === undefined ? gate : g.map([gate, legal], (a, ok) => select(ok, a, 0), { axes: gate.axes });
}

/** A gate that each expert has on its own: of all scores, or later of the chosen ones where there are no others. */
export function ownGate({ g }: RouterSite, state: RouterState, gateOf: (score: Expr) => Expr): RouterState {
  if (state.logits === undefined) return { ...state, gateOf };
  const gate = g.within({ role: "router.gate" }, () => onlyLegal(g, g.map([state.logits!], gateOf), state.legal));
  return { ...state, gate, gateKind: "other" };
}

/** Gates of the chosen experts [U, K]. */
export function chosenGate({ g, experts }: RouterSite, { gate, gateOf, edges, chosenScores }: RouterState): Value {
  return gate === undefined ? g.map([chosenScores!], gateOf!) : g.pick(gate, edges!, experts.name);
}

/** What experts are chosen by [U, E]: -inf where an expert is not legal; no gradient flows through a choice. */
export function choiceKey({ g }: RouterSite, state: RouterState): Value {
  const key = state.key ?? state.gate ?? state.logits!;
  const masked =
    state.legal === undefined
      ? key
      : g.map([key, state.legal], (a, ok) => select(ok, a, Number.NEGATIVE_INFINITY), { axes: key.axes });
  return g.stop(masked);
}

/** What a student chooses by [U, E]: its own scores, −inf where an expert is not legal. */
export function studentKey({ g }: RouterSite, { student, legal }: RouterState): Value {
  const key = student!;
  return g.stop(g.map([key, legal ?? 1], (z, ok) => select(ok, z, Number.NEGATIVE_INFINITY), { axes: key.axes }));
}

/** Edges [U, K] to the best experts whose gate meets the condition, at most `atMost` of them; -1 for the places left. */
export function bestWhere(site: RouterSite, state: RouterState, meets: (gate: Expr) => Term, atMost: unknown): Value {
  const { g, experts } = site;
  return g.within({ role: "router.select" }, () => {
    const key = choiceKey(site, state);
    const left = g.map([key, state.gate!], (k, gate) => select(meets(gate), k, Number.NEGATIVE_INFINITY), {
      axes: key.axes,
    });
    return g.topK(g.stop(left), Math.min(experts.size, typeof atMost === "number" ? atMost : experts.size));
  });
}

/** The same, and where fewer than `atLeast` experts meet it, the best of the others until there are so many. */
export function bestOrMost(
  site: RouterSite,
  state: RouterState,
  meets: (gate: Expr) => Term,
  atMost: unknown,
  atLeast: number,
): Value {
  const edges = bestWhere(site, state, meets, atMost);
  if (atLeast === 0) return edges;
  const { g } = site;
  const others = bestWhere(site, state, (gate) => not(meets(gate)), atLeast);
  return g.within({ role: "router.select" }, () => {
    const most = edges.axes.at(-1)!;
    const found = g.reduce(
      "sum",
      g.map([edges], (e) => le(0, e)),
      [most.name],
    );
    const rest = g.view(others, [others.axes[0]!, { name: "KO", size: others.axes[1]!.size }]);
    const lacks = (n: Expr): Term => and(le(n, index(most.name)), lt(index(most.name), atLeast));
    const place = g.map([found], (n) => select(lacks(n), sub(index(most.name), n), -1), {
      axes: edges.axes,
      dtype: "i32",
    });
    const own = g.pick(rest, place, "KO");
    return g.map([edges, own, found], (e, other, n) => select(lacks(n), other, e), { axes: edges.axes, dtype: "i32" });
  });
}

/** The edges of every unit [U, K], those it wants most first. */
export function bestFirst({ g, experts }: RouterSite, state: RouterState): Value {
  const edges = state.edges!;
  if (state.inOrder !== false) return edges;
  const wanted = g.pick(g.stop(state.key ?? state.gate ?? state.logits!), edges, experts.name);
  const chosen = g.map([wanted, edges], (a, e) => select(le(0, e), a, Number.NEGATIVE_INFINITY), { axes: edges.axes });
  const places = g.topK(g.stop(chosen), edges.axes.at(-1)!.size, "KB");
  return g.view(g.pick(edges, places, "K"), edges.axes);
}

/** P of the balance losses [U, E]: rows that add up to 1, over all experts or the visible ones. */
export function probabilities({ g }: RouterSite, state: RouterState, over: unknown): Value {
  const { logits, legal, gate, gateKind } = state;
  if (gate !== undefined && gateKind === "other") return normalisedRows(g, gate);
  if (over === "visible" || legal === undefined) return softmax(g, logits!, { legal });
  return softmax(g, logits!);
}

/** Squared coefficient of variation of x [E]: variance / mean² = E · Σ x² / (Σ x)² − 1. */
export function squaredVariation(g: GraphBuilder, x: Value): Value {
  const { name, size } = x.axes[0]!;
  const total = g.reduce("sum", x, [name]);
  const squares = g.reduce("sum", g.map([x], square), [name]);
  return g.map([squares, total], (two, one) => sub(mul(div(two, max(square(one), 1e-20)), size), 1));
}

/** Rows divided by their sum. */
export function normalisedRows(g: GraphBuilder, gate: Value): Value {
  const total = g.reduce("sum", gate, [gate.axes.at(-1)!.name]);
  return g.map([gate, total], (a, sum) => div(a, max(sum, 1e-20)), { axes: gate.axes });
}

/** f of the balance losses [E]: the share of all edges that went to each expert, without a gradient. */
export function edgeShares(g: GraphBuilder, load: Value): Value {
  const total = g.reduce("sum", load, [load.axes[0]!.name]);
  return g.stop(g.map([load, total], (n, all) => div(n, max(all, 1)), { axes: load.axes }));
}

/** α · E · Σ f·P with P [U, E] averaged over units. */
export function balanceLoss({ g, units, experts }: RouterSite, shares: Value, p: Value, alpha: number): Value {
  const mean = g.reduce("sum", p, [units.name]);
  const each = g.map([shares, mean], (f, sum) => mul(mul(f, sum), (alpha * experts.size) / units.size));
  return g.reduce("sum", each, [experts.name]);
}

/** Whether a number is one of some whole numbers, which mostly follow each other. */
export function oneOf(n: Expr, numbers: readonly number[]): Term {
  const starts = numbers.filter((each, i) => numbers[i - 1] !== each - 1);
  const ends = numbers.filter((each, i) => numbers[i + 1] !== each + 1);
  return starts.map((from, i): Term => and(le(from, n), le(n, ends[i]!))).reduce((a, b) => or(a, b), 0);
}
