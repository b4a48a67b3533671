/** Multiplies what the router sees by a random number close to 1. */
import { add, mul } from "../../3-graph/expr-build.js";
import { share } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const jitter = defineRule({
  slot: "noise",
  name: "jitter",
  doc: "Multiplies what the router sees by a random number close to 1.",
  example: "noise jitter(1%) while training",
  params: [share("by", "how far from 1 the number may be", { default: 0.01, why: "as in Switch" })],
  clauses: [],
  // it acts before anything is scored
  needs: [],
  fewScores: () => true,
  build(site, state, { by }) {
    const { g } = site;
    const x = state.x ?? site.x;
    const seen = g.within({ role: "router.noise" }, () =>
      g.map([x, site.random(x.axes)], (a, u) => mul(a, add(mul(u, 2 * Number(by)), 1 - Number(by))), { axes: x.axes }),
    );
    return { ...state, x: seen };
  },
});
