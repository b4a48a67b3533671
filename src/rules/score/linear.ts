/** One number per unit and expert: the product of the unit with a learned row of weights per expert. */

import { linear as product } from "../../3-graph/compose/linear.js";
import { add, div, index, lt, mul, select } from "../../3-graph/expr-build.js";
import type { Axis, Value } from "../../3-graph/graph.js";
import { count, flag, number, word } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { addScores, scorePrefix } from "../meaning.js";
import { refuse } from "../refuse.js";
import { defineRule } from "../rule.js";
import { ofLengthOne, scoreBias } from "./parts.js";

/** (P x) · w / (|P x| |w|) / temperature, one number per expert. */
function cosine(
  { g, param }: RouterSite,
  x: Value,
  experts: Axis,
  prefix: string,
  projection: number,
  start: number,
): Value {
  const p = { name: "P", size: projection };
  const down = product(g, x, param(`${prefix}.projection.weight`, [p, x.axes.at(-1)!]));
  const rows = param(`${prefix}.weight`, [experts, p]);
  const temperature = param(`${prefix}.temperature`, []);
  const cos = g.contract(ofLengthOne(g, down), ofLengthOne(g, rows), [p.name]);
  return g.map([cos, temperature], (c, t) => div(c, mul(t, start)), { axes: cos.axes });
}

/** Scores of the layer before [U, E] times a matrix of those that are scored by experts. */
function fromPrevious({ g, experts, param }: RouterSite, scores: Value, scored: Axis, prefix: string): Value {
  const before = { name: "EP", size: experts.size };
  const weight = param(`${prefix}.weight`, [scored, before]);
  // under another name: in one product an axis can only be one thing
  const same = g.map([], () => index(before.name), { axes: [scores.axes[0]!, before], dtype: "i32" });
  return product(g, g.pick(scores, same, experts.name), weight);
}

/** Scores of the first experts alone: the others cannot be chosen by score. */
function addFirstScores(site: RouterSite, state: RouterState, scores: Value): RouterState {
  const { g, units, experts } = site;
  const some = scores.axes.at(-1)!;
  return g.within({ role: "router.scores" }, () => {
    const has = lt(index(experts.name), some.size);
    const which = g.map([], () => select(has, index(experts.name), -1), { axes: [units, experts], dtype: "i32" });
    const all = g.map([g.pick(scores, which, some.name)], (z) => select(has, z, Number.NEGATIVE_INFINITY));
    const scored = g.map([], () => has, { axes: [units, experts] });
    const legal = state.legal === undefined ? scored : g.map([state.legal, scored], (a, b) => mul(a, b));
    const made = state.scores?.axes.at(-1)?.size === some.size ? state.scores : undefined;
    const sum = made === undefined ? scores : g.map([made, scores], (a, b) => add(a, b));
    return { ...addScores(site, state, all), scores: sum, legal };
  });
}

export const linear = defineRule({
  slot: "score",
  name: "linear",
  doc: "One number per unit and expert: the product of the unit with a learned row of weights per expert.",
  means: ({ from, normalized, projection, bias, to }) => {
    const some = typeof to === "number" ? `, for the first ${to} experts alone: the others cannot be chosen` : "";
    const more = `${bias === true ? ", and a learned number" : ""}${some}`;
    if (from === "previous.scores") return `The scores of the layer before, through a learned matrix${more}.`;
    return normalized === true
      ? `One number per unit and expert: the cosine between the unit, projected to ${projection} numbers, and a learned row${more}.`
      : `One number per unit and expert: the product of the unit with a learned row of weights per expert${more}.`;
  },
  example: "score linear",
  params: [
    flag("bias", "adds a learned number per expert"),
    count("to", "how many of the first experts are scored; the others cannot be chosen", {
      min: 1,
      derived: "all experts",
    }),
    word("from", ["unit", "previous.scores"], "what is scored", {
      default: "unit",
      why: "the units are what is routed",
    }),
  ],
  clauses: [
    {
      words: ["normalized"],
      arg: "normalized",
      doc: "compares directions only: the unit is projected to a few numbers, and both sides are divided by their length",
      params: [
        count("projection", "how many numbers the projection makes", {
          min: 1,
          default: 16,
          why: "as in X-MoE's code",
        }),
        number("temperature", "what the cosine is divided by at the start; learned", {
          min: 0,
          above: true,
          default: 0.3,
          why: "as in MH-MoE, which starts softmax gates there",
        }),
      ],
    },
  ],
  needs: [],
  weights: ({ to, from, normalized, projection, bias }, { experts, scored, width }) => {
    const outputs = typeof to === "number" ? to : scored;
    const inputs = from === "previous.scores" ? experts : width;
    const biases = bias === true ? [scoreBias(outputs)] : [];
    if (normalized !== true) return [{ name: "weight", shape: [outputs, inputs] }, ...biases];
    const projected = Number(projection);
    return [
      { name: "projection.weight", shape: [projected, inputs] },
      { name: "weight", shape: [outputs, projected] },
      // starts at 1 and is multiplied with the rule's `temperature`
      { name: "temperature", shape: [], init: { kind: "ones" } },
      ...biases,
    ];
  },
  build(site, state, args, use) {
    const { g, experts } = site;
    const previous = args.from === "previous.scores";
    const x = previous ? site.previousScores : (state.x ?? site.x);
    const some = typeof args.to === "number" && args.to < experts.size ? args.to : undefined;
    const scored = some === undefined ? site.scored : { name: "ES", size: some };
    // in the first layer there is nothing to go on from, but then another line must score
    if (x === undefined && state.logits === undefined) throw refuse(use);
    if (x === undefined) return state;
    const prefix = scorePrefix(use);
    const scores = g.within({ role: "router.scores" }, () => {
      if (previous) return fromPrevious(site, x, scored, prefix);
      const bias = args.bias === true ? site.param(`${prefix}.bias`, [scored]) : undefined;
      const width = x.axes.at(-1)!;
      if (args.normalized !== true) return product(g, x, site.param(`${prefix}.weight`, [scored, width]), bias);
      const angles = cosine(site, x, scored, prefix, Number(args.projection), Number(args.temperature));
      return bias === undefined ? angles : g.map([angles, bias], (a, b) => add(a, b), { axes: angles.axes });
    });
    return some === undefined ? addScores(site, state, scores) : addFirstScores(site, state, scores);
  },
});
