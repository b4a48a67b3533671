/** Adds normal noise to the scores. */
import { softplus } from "../../3-graph/compose/activations.js";
import { linear } from "../../3-graph/compose/linear.js";
import { add, cos, log, mul, sqrt, square, sub } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { flag, number } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { defineRule } from "../rule.js";

/** Standard normal numbers [U, E] from two uniform ones each (Box and Muller). */
function normal({ g, units, experts, random }: RouterSite): Value {
  const [u, v] = [random([units, experts]), random([units, experts])];
  return g.map([u, v], (a, b) => mul(sqrt(mul(log(sub(1, a)), -2)), cos(mul(b, 2 * Math.PI))));
}

/** The size of two noises is that of their sum. */
function together({ g }: RouterSite, { noiseSize }: RouterState, size: Value): Value {
  if (noiseSize === undefined) return size;
  return g.map([noiseSize, size], (a, b) => sqrt(add(square(a), square(b))));
}

export const gaussian = defineRule({
  slot: "noise",
  name: "gaussian",
  doc: "Adds normal noise to the scores.",
  means: ({ learned, std }) =>
    learned === true
      ? "Adds normal noise to the scores, whose size is learned: softplus of a linear score."
      : `Adds normal noise of size ${std} / E to the scores.`,
  example: "noise gaussian(learned) while training",
  params: [
    flag("learned", "the noise of each unit and expert has a learned size, softplus of a linear score"),
    number("std", "size of the noise when it is not learned, divided by the number of experts", {
      min: 0,
      default: 1,
      why: "as in V-MoE",
    }),
  ],
  clauses: [],
  needs: ["scores"],
  weights: ({ learned }, { experts, width }) =>
    learned === true ? [{ name: "noise.weight", shape: [experts, width] }] : [],
  build(site, state, { learned, std }) {
    const { g, experts, units, param } = site;
    const x = state.x ?? site.x;
    return g.within({ role: "router.noise" }, () => {
      const noise = normal(site);
      const axes = [units, experts];
      const fixed = Number(std) / experts.size;
      const clean = state.clean ?? state.logits!;
      if (learned !== true) {
        const logits = g.map([state.logits!, noise], (z, n) => add(z, mul(n, fixed)), { axes });
        const size = g.map([], () => fixed, { axes: [] });
        return { ...state, logits, clean, noiseSize: together(site, state, size) };
      }
      const size = linear(g, x, param("router.noise.weight", [experts, x.axes.at(-1)!]));
      const logits = g.map([state.logits!, noise, size], (z, n, s) => add(z, mul(n, softplus(s))), { axes });
      return { ...state, logits, clean, noiseSize: together(site, state, g.map([size], softplus)) };
    });
  },
});
