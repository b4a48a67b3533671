/**
 * Sinkhorn's scaling: rows and columns of exp(score / temperature) are divided in turn until every expert weighs the
 * same; then every unit takes its best expert. Not a rule. What comes out even is the weight of the experts, not yet the
 * number of units that like each best: at a high temperature all entries of a row are nearly alike, and small differences
 * decide as they did before. Only as the temperature falls do the two become one (the plan becomes an assignment). So
 * scores are measured by their own spread: a tenth of it is cold enough, and warm enough for a few rounds.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { add, div, exp, log, lt, max, mul, select, sqrt, square, sub } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";

/** Share of the scores' spread that they are divided by, unless a temperature is written. */
const coldness = 0.1;

/** exp of less than this is taken for exp of this, so that no expert is lost to rounding. */
const least = -80;

/** Keys [..., U, E], rows only up to a factor, of scores [..., U, E]; −∞ stays −∞. `one` is the axis of units. */
export function sinkhornKeys(
  g: GraphBuilder,
  scores: Value,
  one: Axis,
  rounds: number,
  temperature: number | undefined,
): Value {
  const experts = scores.axes.at(-1)!;
  const { axes } = scores;
  const from = logarithms(g, scores, one, temperature);
  const cost = g.map([from, scores], (l, z) => select(isLegal(z), exp(max(l, least)), 0), { axes });
  let column = g.map([], () => 1, { axes: axes.filter(({ name }) => name !== one.name) });
  for (let round = 0; round < rounds; round++) {
    const row = g.reduce("sum", g.map([cost, column], mul, { axes }), [experts.name]);
    const shared = g.map([cost, row], (c, sum) => div(c, max(sum, 1e-37)), { axes });
    const total = g.reduce("sum", shared, [one.name]);
    column = g.map([total], (sum) => div(one.size / experts.size, max(sum, 1e-37)));
  }
  return g.map([from, column, scores], (l, c, z) => select(isLegal(z), add(l, log(c)), Number.NEGATIVE_INFINITY), {
    axes,
  });
}

const isLegal = (z: Parameters<typeof lt>[1]) => lt(Number.NEGATIVE_INFINITY, z);

/** Scores without what an expert has on average, by temperature, 0 for the best of each unit: the scaling begins nearer to its end. */
function logarithms(g: GraphBuilder, scores: Value, one: Axis, temperature: number | undefined): Value {
  const experts = scores.axes.at(-1)!;
  const { axes } = scores;
  const legal = g.map([scores], isLegal);
  const count = g.reduce("sum", legal, [one.name]);
  const sum = g.reduce(
    "sum",
    g.map([scores], (z) => select(isLegal(z), z, 0)),
    [one.name],
  );
  const centred = g.map([scores, sum, count], (z, s, n) => select(isLegal(z), sub(z, div(s, max(n, 1))), 0), { axes });
  const behind = g.map([centred, legal], (z, ok) => select(ok, z, Number.NEGATIVE_INFINITY), { axes });
  const most = g.reduce("max", behind, [experts.name]);
  if (temperature !== undefined) return g.map([centred, most], (z, m) => mul(sub(z, m), 1 / temperature), { axes });
  const squares = g.reduce("sum", g.map([centred], square), [one.name, experts.name]);
  const all = g.reduce("sum", count, [experts.name]);
  const scale = g.map([squares, all], (s, n) => div(1 / coldness, sqrt(max(div(s, max(n, 1)), 1e-30))));
  return g.map([centred, most, scale], (z, m, by) => mul(sub(z, m), by), { axes });
}
