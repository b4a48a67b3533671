/**
 * The experts of a mixture as one node that dispatch replaces: all but attentions and blocks with more than networks in
 * them, group after group, and the adjugates behind them.
 */
import { normWeights } from "../../2-design/block-weights.js";
import type { Ffn, Mixture } from "../../2-design/design.js";
import { groupPrefix } from "../../2-design/mixture-weights.js";
import { isPlaced, networksOf } from "../../2-design/placed.js";
import type { ExpertStep } from "../../experts/step.js";
import { and, select as choose, le, lt, sub, type Term } from "../expr-build.js";
import type { Axis, Value } from "../graph.js";
import { withAdjugates } from "./adjugates.js";
import type { ForwardContext } from "./context.js";
import { ffnParams } from "./feed-forward.js";
import type { Routed } from "./routed.js";

/** E */
export const expertAxis = ({ expertCount }: Pick<Mixture, "expertCount">): Axis => ({ name: "E", size: expertCount });

/** y [U, C] of the experts that dispatch places, which are numbered among themselves. */
export function runPlaced(c: ForwardContext, mixture: Mixture, scope: string, x: Value, routed: Routed): Value {
  const { adjugate } = mixture;
  const several = mixture.experts.length > 1 || adjugate !== undefined;
  const width = x.axes[1]!;
  let first = 0;
  const params: Value[] = [];
  const groups = mixture.experts.flatMap(({ count, ffn }, i) => {
    if (!isPlaced(ffn, c.design)) return [];
    const axis = several ? { name: `E${i}`, size: count } : expertAxis(mixture);
    const prefix = `${scope}.${groupPrefix(mixture, i)}`.slice(0, -1);
    const steps = networksOf(ffn, c.design);
    const weights = steps
      ? stepsParams(c, steps, prefix, axis, width)
      : ffnParams(c, ffn, prefix, [axis], width, several ? `F${i}` : "F");
    params.push(...weights);
    const group = { ...groupOf(ffn, first, count, weights), ...(steps && { steps }) };
    first += count;
    return [group];
  });
  if (adjugate !== undefined) {
    const weights = ffnParams(
      c,
      adjugate.ffn,
      `${scope}.adjugate`,
      [{ name: "EA", size: adjugate.count }],
      width,
      "FA",
    );
    params.push(...weights);
    groups.push(groupOf(adjugate.ffn, first, adjugate.count, weights));
  }
  const { room, weight } = routed;
  const op = {
    kind: "experts" as const,
    site: mixture.name,
    groups,
    weightOnInput: routed.weightOnInput === true,
    // an adjugate has the edges of several experts
    ...(room !== undefined && !adjugate && { room: Math.min(room, x.axes[0]!.size) }),
  };
  const placed = { edges: edgesAmong(c, mixture, routed.edges, (ffn) => isPlaced(ffn, c.design)), weight };
  const all = adjugate === undefined ? placed : withAdjugates(c, adjugate, mixture.expertCount, placed);
  return c.g.within({ role: "experts" }, () => c.g.add(op, [x, all.edges, all.weight, ...params])[0]!);
}

/** Weights of networks one after the other: of each its norm's, then its own. */
function stepsParams(
  c: ForwardContext,
  steps: readonly ExpertStep[],
  prefix: string,
  experts: Axis,
  width: Axis,
): Value[] {
  return steps.flatMap(({ scope, norm, ffn }, i) => [
    ...normWeights(norm, width.size).map(({ name }) => c.param(`${prefix}.${scope}.norm.${name}`, [experts, width])),
    ...ffnParams(c, ffn, `${prefix}.${scope}`, [experts], width, `F${experts.name}${i}`),
  ]);
}

const groupOf = ({ kind, hidden, clamp, bias }: Ffn, first: number, count: number, weights: readonly Value[]) => ({
  first,
  count,
  ffn: kind,
  hidden,
  clamp,
  bias,
  params: weights.length,
});

/** Edges to the experts of some groups, by their numbers among themselves; −1 for the others. */
export function edgesAmong(
  { g }: ForwardContext,
  { experts }: Mixture,
  edges: Value,
  belongs: (ffn: Ffn) => boolean,
): Value {
  if (experts.every(({ ffn }) => belongs(ffn))) return edges;
  return g.within({ role: "experts.edges" }, () =>
    g.map(
      [edges],
      (e) => {
        let [first, others] = [0, 0];
        return experts.reduce<Term>((number, { count, ffn }) => {
          const [from, before] = [first, others];
          first += count;
          if (belongs(ffn)) return choose(and(le(from, e), lt(e, from + count)), sub(e, before), number);
          others += count;
          return number;
        }, -1);
      },
      { dtype: "i32" },
    ),
  );
}
