/** Chooses by scores with Gumbel noise: the best of them is then drawn with the probabilities of a softmax. */
import { add, log, max, mul, neg } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { defineRule } from "../rule.js";

/** Smallest uniform number that counts: 0 has no logarithm. */
const LEAST = 2 ** -25;

export const gumbel = defineRule({
  slot: "noise",
  name: "gumbel",
  doc: "Chooses by scores with Gumbel noise: the best k are then drawn, without putting back, with the probabilities of a softmax of the scores. Gates and weights are those of the scores without the noise.",
  example: "noise gumbel while training",
  params: [
    number("scale", "what the noise is multiplied with", { min: 0, default: 1, why: "draws by the softmax itself" }),
  ],
  clauses: [],
  needs: ["scores"],
  build(site, state, { scale }) {
    const { g, units, experts } = site;
    const axes = [units, experts];
    const key = g.within({ role: "router.noise" }, () =>
      g.map(
        [g.stop(state.logits!), site.random(axes)],
        (z, u) => add(z, mul(neg(log(neg(log(max(u, LEAST))))), Number(scale))),
        { axes },
      ),
    );
    return { ...state, key };
  },
});
