/**
 * Blocks as experts, of more than networks one after the other (those are experts like all others). Where a fixed number
 * of units of every sequence goes through a block, those are gathered, in their order, into shorter sequences, and the
 * block runs on these: attention looks at the chosen tokens only, at their positions in the whole sequence (Mixture-of-Depths, arXiv 2404.02258). Under other selections the block runs on every
 * unit, and weights of 0 hide where it was not chosen; only steps that look at one unit at a time stand in such blocks.
 * What an expert gives is what its steps add, so that x + r · (Block(x) − x) is the whole.
 */
import type { Mixture } from "../../2-design/design.js";
import { groupPrefix } from "../../2-design/mixture-weights.js";
import { isPlaced } from "../../2-design/placed.js";
import { add, eq, index, le, mul, select, sub } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import { ensure } from "../internal.js";
import { runBlock } from "./block.js";
import type { ForwardContext } from "./context.js";
import type { MixturePlace } from "./mixture.js";
import type { Routed } from "./routed.js";
import { placeOf, sequenceOf } from "./sequences.js";

/** Σ over the experts that are blocks of weight · (Block(x) − x), x [U, C] -> [U, C]; none: there are no such experts. */
export function runBlockExperts(
  c: ForwardContext,
  mixture: Mixture,
  place: MixturePlace,
  x: Value,
  routed: Routed,
): Value | undefined {
  const { g } = c;
  const rows = rowsPerSequence(c, mixture, routed);
  const calls = blockCalls(c, mixture);
  if (calls.length === 0) return undefined;
  return calls
    .map((call) => {
      const edge = g.within({ role: "experts.weights" }, () => edgeOf(c, routed, call.expert));
      return rows === undefined ? onEveryUnit(c, place, call, x, edge) : onChosen(c, place, call, x, edge, rows);
    })
    .reduce((a, b) => g.within({ role: "experts.combine" }, () => g.map([a, b], add, { axes: x.axes })));
}

interface BlockCall {
  readonly block: string;
  /** number among all experts of the mixture */
  readonly expert: number;
  /** number among those of its group, and how many there are */
  readonly at: number;
  readonly count: number;
  /** what the names of the group's weights start with, after the mixture's */
  readonly prefix: string;
  /** path of the line in the design */
  readonly because: string;
}

function blockCalls(c: ForwardContext, mixture: Mixture): readonly BlockCall[] {
  let first = 0;
  return mixture.experts.flatMap(({ count, ffn }, group) => {
    const { block } = ffn;
    const start = first;
    first += count;
    if (block === undefined || isPlaced(ffn, c.design)) return [];
    const prefix = groupPrefix(mixture, group);
    const because = group === 0 ? `${mixture.name}.experts` : `${mixture.name}.experts[${group}]`;
    const common = { block, count, prefix, because };
    return Array.from({ length: count }, (_, at): BlockCall => ({ ...common, expert: start + at, at }));
  });
}

interface Edge {
  /** [U], 1 where the unit has an edge to the expert */
  readonly chosen: Value;
  /** [U], what the expert's result is multiplied with */
  readonly weight: Value;
  /** [U], what the expert's input is multiplied with; undefined: nothing */
  readonly input: Value | undefined;
}

function edgeOf({ g }: ForwardContext, { edges, weight, weightOnInput }: Routed, expert: number): Edge {
  const K = edges.axes.at(-1)!.name;
  const total = (of: Value | 1) =>
    g.reduce(
      "sum",
      g.map([edges, of], (e, w) => select(eq(e, expert), w, 0)),
      [K],
    );
  const [chosen, weighted] = [total(1), total(weight)];
  return weightOnInput ? { chosen, weight: chosen, input: weighted } : { chosen, weight: weighted, input: undefined };
}

/** How many units of every sequence go through each expert, where the selection fixes that. */
function rowsPerSequence(c: ForwardContext, mixture: Mixture, { room }: Routed): number | undefined {
  const selects = mixture.router.rules.filter(({ slot }) => slot === "select");
  const inSequence = selects.every(({ args }) => args.per === "sequence" || args.within === "sequence");
  return inSequence && room !== undefined ? room / c.size.batch : undefined;
}

function onEveryUnit(c: ForwardContext, place: MixturePlace, call: BlockCall, x: Value, edge: Edge): Value {
  const given = scaled(c, x, edge.input);
  return scaled(c, updateOf(sliced(c, call), place, call, given), edge.weight, "experts.combine");
}

/** Gathers, runs, and reads back: a unit that was not chosen gets zeros. */
function onChosen(c: ForwardContext, place: MixturePlace, call: BlockCall, x: Value, edge: Edge, rows: number): Value {
  const { g } = c;
  const units = x.axes[0]!;
  const { batch, seq } = c.size;
  const R = { name: "R", size: batch * rows };
  const { index: from, back } = g.within({ role: "experts.sort", because: call.because }, () => {
    const home = g.map([edge.chosen], (is) => select(le(1, is), sequenceOf(index(units.name), seq), -1), {
      axes: [units],
      dtype: "i32",
    });
    const places = { name: "P", size: rows };
    const { rows: taken, slots } = g.bucket(home, { name: "B", size: batch }, places);
    return { index: g.view(taken, [R]), back: slots };
  });
  const chosen = g.within({ role: "experts.rows" }, () => g.take(scaled(c, x, edge.input), from, { inverse: back }));
  const inner: ForwardContext = {
    ...sliced(c, call),
    T: R,
    size: { batch, seq: rows },
    tokens: g.take(c.tokens, from),
    chosen: { positions: positionsOf(c, from, seq), seq: c.chosen?.seq ?? seq },
  };
  const update = updateOf(inner, place, call, chosen);
  const read = g.within({ role: "experts.combine" }, () => g.take(update, back, { inverse: from }));
  return scaled(c, read, edge.weight, "experts.combine");
}

/** Positions [R] in the whole sequence of the tokens with these numbers. */
function positionsOf(c: ForwardContext, from: Value, seq: number): Value {
  const { g } = c;
  if (c.chosen) return g.take(c.chosen.positions, from);
  return g.map([from], (u) => placeOf(u, seq), { dtype: "i32" });
}

function updateOf(c: ForwardContext, { scope, layer }: MixturePlace, { block, prefix }: BlockCall, x: Value): Value {
  const { g, design } = c;
  const found = design.blocks[block];
  ensure(found !== undefined, () => `the design has no block ${block}`);
  const { output } = runBlock(c, found, { prefix: `${scope}.${prefix}`, layer, previous: undefined }, x);
  return g.within({ scope, role: "experts.update" }, () => g.map([output, x], sub, { axes: x.axes }));
}

function scaled({ g }: ForwardContext, x: Value, by: Value | undefined, role = "experts.inputs"): Value {
  return by === undefined ? x : g.within({ role }, () => g.map([x, by], mul, { axes: x.axes }));
}

/** The weights of one expert of the group: the experts of a group lie one after the other in each weight. */
function sliced(c: ForwardContext, { at, count }: BlockCall): ForwardContext {
  const { g } = c;
  const E = { name: "EB", size: count };
  const param = (name: string, axes: readonly Axis[]): Value => {
    const all = c.param(name, [E, ...axes]);
    if (count === 1) return g.view(all, axes);
    const one = g.map([], () => at, { axes: [{ name: "one", size: 1 }], dtype: "i32" });
    return g.view(g.take(all, one), axes);
  };
  return { ...c, param };
}
