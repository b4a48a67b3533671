/**
 * Feed-forward networks one after the other as one expert: what the steps of a block add to a row, where none of them
 * looks at other rows. Not a kind of its own: the design's word is `block`.
 */
import { normWeights } from "../2-design/block-weights.js";
import type { Norm } from "../2-design/design.js";
import { has } from "../3-graph/axes.js";
import type { GraphBuilder } from "../3-graph/builder.js";
import { centred, inverseSpread } from "../3-graph/compose/norm.js";
import { add, mul } from "../3-graph/expr-build.js";
import type { Axis, Value } from "../3-graph/graph.js";
import { ensure } from "../3-graph/internal.js";
import type { ExpertBuild, ExpertRows } from "./build.js";
import { builtKind } from "./index.js";
import type { ExpertStep } from "./step.js";

/** How many weights a step has: those of its norm come first. */
export const weightCount = ({ norm, ffn }: ExpertStep): number =>
  normWeightCount(norm) + builtKind(ffn.kind).weights(ffn).length;

/** Whatever the width. */
const normWeightCount = (norm: Norm): number => normWeights(norm, 1).length;

/** What the steps add to a row, all together. */
export const buildSteps =
  (steps: readonly ExpertStep[]): ExpertBuild =>
  (rows, weights) => {
    const { g } = rows;
    let [at, sum]: [number, Value | undefined] = [0, undefined];
    for (const step of steps) {
      const own = weights.slice(at, at + weightCount(step));
      at += own.length;
      const x = sum === undefined ? rows.x : rows.role("residual", () => plus(g, sum!, rows.x));
      const y = buildStep({ ...rows, x, role: within(rows, step) }, step, own);
      sum = sum === undefined ? y : rows.role("residual", () => plus(g, y, sum!));
    }
    ensure(sum !== undefined, () => "a block that is an expert has steps");
    return sum;
  };

const within =
  ({ role }: ExpertRows, { scope }: ExpertStep): ExpertRows["role"] =>
  (name, body) =>
    role(`${scope}.${name}`, body);

function buildStep(rows: ExpertRows, { norm, ffn }: ExpertStep, weights: readonly Value[]): Value {
  const own = normWeightCount(norm);
  const x = normed(rows, norm, weights.slice(0, own));
  return builtKind(ffn.kind).build({ ...rows, x }, weights.slice(own), ffn);
}

/** Rows after the norm that their own expert has. */
function normed({ g, x, own, role }: ExpertRows, { kind, eps }: Norm, weights: readonly Value[]): Value {
  const [weight, bias] = weights.map(own);
  if (weight === undefined) return x;
  return role("norm", () => {
    const from = kind === "layer" ? centred(g, x) : x;
    const scale = inverseSpread(g, from, eps);
    const axes = rowAxes(x, weight);
    const y = g.map([from, scale, weight], (a, r, w) => mul(mul(a, r), w), { axes });
    return bias === undefined ? y : g.map([y, bias], add, { axes });
  });
}

/** a and b, of which b may lack the axis of experts. */
const plus = (g: GraphBuilder, a: Value, b: Value): Value => g.map([a, b], add, { axes: a.axes });

/** Rows of all their experts, where the rows themselves are of none yet. */
function rowAxes(x: Value, weight: Value): readonly Axis[] {
  const further = weight.axes.filter(({ name }) => !has(x.axes, name));
  return [...x.axes.slice(0, -1), ...further, x.axes.at(-1)!];
}
