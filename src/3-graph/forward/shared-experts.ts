/**
 * Experts that every token meets: dense products, never dispatched. One alone has no axis of its own, so that it is what
 * a dense block is. Several stand side by side: matrices that lead from the width are one, as long as all of them.
 */
import type { Mixture, SharedGroup } from "../../2-design/design.js";
import { type ExpertBuild, type ExpertRows, soleExpert } from "../../experts/build.js";
import { builtKind } from "../../experts/index.js";
import type { GraphBuilder } from "../builder.js";
import { add, mul, sigmoid } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import { ensure } from "../internal.js";
import type { ForwardContext } from "./context.js";
import { ffnParams } from "./feed-forward.js";

/** sum + Σ of the shared experts of one line, each scaled by sigmoid(w·x) where it is gated; x, sum [T, D]. */
export function addShared(
  c: ForwardContext,
  mixture: Mixture,
  scope: string,
  group: SharedGroup,
  at: number,
  x: Value,
  sum: Value,
): Value {
  const { g } = c;
  const kind = builtKind(group.ffn.kind);
  ensure(group.count >= 1, () => "a shared group has experts");
  const prefix = mixture.shared.length > 1 ? `${scope}.shared.${at}` : `${scope}.shared`;
  return g.within({ role: "shared" }, () => {
    const N = { name: "SH", size: group.count };
    const weights = ffnParams(c, group.ffn, prefix, [N], c.D, "FS");
    const build = (rows: ExpertRows, own: readonly Value[]): Value => kind.build(rows, own, group.ffn);
    const scale = group.gated
      ? g.map([g.contract(x, c.param(`${prefix}.scale.weight`, [N, c.D]), [c.D.name])], sigmoid)
      : undefined;
    const y = group.count === 1 ? alone(g, build, x, weights, scale) : together(g, build, x, weights, scale, N);
    return g.map([sum, y], add, { axes: sum.axes });
  });
}

type Build = (rows: ExpertRows, weights: readonly Value[]) => ReturnType<ExpertBuild>;

/** [T, D]; scale [T, 1]. */
function alone(g: GraphBuilder, build: Build, x: Value, weights: readonly Value[], scale: Value | undefined): Value {
  const own = weights.map((weight) => g.view(weight, weight.axes.slice(1)));
  const y = build(soleExpert(g, x, "shared"), own);
  return scale ? g.map([y, g.view(scale, x.axes.slice(0, 1))], mul, { axes: y.axes }) : y;
}

/** [T, D], the sum of all; scale [T, SH]. */
function together(
  g: GraphBuilder,
  build: Build,
  x: Value,
  weights: readonly Value[],
  scale: Value | undefined,
  N: Axis,
): Value {
  const each = build({ ...soleExpert(g, x, "shared"), multiply: besideEachOther(g, N) }, weights);
  const scaled = scale ? g.map([each, scale], mul, { axes: each.axes }) : each;
  return g.reduce("sum", scaled, [N.name]);
}

/** Rows [T, I] times [SH, O, I] -> [T, SH, O], which is one matrix; rows [T, SH, I], each expert's own -> [SH, T, O]. */
const besideEachOther =
  (g: GraphBuilder, N: Axis) =>
  (rows: Value, weight: Value): Value => {
    const [, out, inner] = weight.axes;
    const [T] = rows.axes;
    if (rows.axes.some(({ name }) => name === N.name))
      return g.contract(rows, weight, [inner!.name], { axes: [N, T!, out!] });
    const side = { name: `${out!.name}S`, size: N.size * out!.size };
    return g.view(g.contract(rows, g.view(weight, [side, inner!]), [inner!.name]), [T!, N, out!]);
  };
