/**
 * A group of experts computed for every unit, chosen or not, and weighted afterwards: what `one-hot` and `dense` do
 * with all groups, and the other strategies with experts that cost next to nothing.
 */
import { has } from "../../3-graph/axes.js";
import type { GraphBuilder } from "../../3-graph/builder.js";
import { le, mul, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import type { ExpertRows } from "../../experts/build.js";
import { type ExpertsCall, type GroupCall, kindOf } from "../site.js";

/** Numbers of edges [U, K] as numbers of a group's experts [U, E], 0 where there is no edge. */
export type ByExpert = (values: Value) => Value;

/** Σ_e weight · expert_e(x) over the experts of one group: [U, C]. */
export function denseGroup(
  g: GraphBuilder,
  call: ExpertsCall,
  group: GroupCall,
  byExpert: ByExpert = spreadOut(g, call, group),
): Value {
  const { build, weights } = kindOf(group);
  if (weights(group.ffn).length === 0) return weightless(g, call, group);
  const dense = byExpert(call.weight);
  const x = call.weightOnInput ? scaledInputs(g, call, dense) : call.x;
  const y = build(rowsOf(g, x), group.weights, group.ffn);
  const counted = call.weightOnInput ? byExpert(ones(g, call)) : dense;
  return g.within({ role: "experts.combine" }, () => {
    const each = g.map([y, counted], (a, w) => mul(a, w), { axes: y.axes });
    return g.reduce("sum", each, [group.experts.name]);
  });
}

/** Every unit meets the weights of every expert; the axis of experts tells them apart. */
function rowsOf(g: GraphBuilder, x: Value): ExpertRows {
  return {
    g,
    x,
    multiply: (rows, weight) => g.contract(rows, weight, [weight.axes.at(-1)!.name]),
    own: (weight) => weight,
    role: (name, body) => g.within({ role: `experts.${name}` }, body),
  };
}

/** All experts of the group are the same function of x: only the sum of their weights matters. */
function weightless(g: GraphBuilder, call: ExpertsCall, group: GroupCall): Value {
  return g.within({ role: `experts.${group.ffn.kind}` }, () => {
    const taken = g.map([group.edges, call.weight], (e, w) => select(le(0, e), w, 0));
    const total = g.reduce("sum", taken, [taken.axes.at(-1)!.name]);
    const y = kindOf(group).build(rowsOf(g, call.x), [], group.ffn);
    return g.map([y, total], (a, w) => mul(a, w), { axes: call.x.axes });
  });
}

/** Each number goes to the column of its edge's expert. */
const spreadOut =
  (g: GraphBuilder, call: ExpertsCall, group: GroupCall): ByExpert =>
  (values) =>
    g.within({ role: "experts.weights" }, () =>
      g.spread(values, group.edges, { axis: group.experts, over: call.edges.axes.at(-1)!.name }),
    );

const ones = (g: GraphBuilder, call: ExpertsCall): Value => g.map([1], (one) => one, { axes: call.weight.axes });

/** x [U, C] times the weight of each expert: [U, E, C]. */
function scaledInputs(g: GraphBuilder, { x }: ExpertsCall, dense: Value): Value {
  const axes = [...dense.axes, ...x.axes.filter((axis) => !has(dense.axes, axis.name))];
  return g.within({ role: "experts.inputs" }, () => g.map([x, dense], (a, w) => mul(a, w), { axes }));
}
