/**
 * Trains a small predictor of the selection, which replaces it when later units are not there yet (Mixture of Depths,
 * arXiv 2404.02258, section 3.5). It reads the units and does not move them.
 */
import { softplus } from "../../3-graph/compose/activations.js";
import { le, mul, sub } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { word } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { addLoss } from "../meaning.js";
import { defineRule } from "../rule.js";

/** What was selected as truth values: [U, E] where experts choose, [U] where sequences do. */
function selected({ g, experts }: RouterSite, { edges }: RouterState, perExpert: boolean): Value {
  const k = edges!.axes.at(-1)!;
  if (perExpert) {
    const ones = g.map([1], (one) => one, { axes: edges!.axes });
    return g.spread(ones, edges!, { axis: experts, over: k.name });
  }
  const chosen = g.map([edges!], (e) => le(0, e));
  return g.reduce("max", chosen, [k.name]);
}

export const predictor = defineRule({
  slot: "balance",
  name: "predictor",
  doc: "Trains a small predictor of the selection, which replaces it when later units are not there yet.",
  example: "balance predictor(bce)",
  params: [
    word("loss", ["bce"], "how it is trained: the mean binary cross-entropy of what it says and what was selected", {
      default: "bce",
      why: "as in Mixture of Depths",
    }),
  ],
  clauses: [],
  needs: ["scores"],
  weights: (_, { foretold, width }) => [
    { name: "predictor.weight", shape: [foretold, width] },
    { name: "predictor.bias", shape: [foretold], init: { kind: "zeros" } },
  ],
  build(site, state) {
    return addLoss(site, state, () => {
      const { g, units, experts } = site;
      const scores = site.predicted!();
      const perExpert = scores.axes.at(-1)!.name === experts.name;
      const said = perExpert ? scores : g.view(scores, [units]);
      const truth = g.stop(selected(site, state, perExpert));
      const each = g.map([said, truth], (p, t) => sub(softplus(p), mul(t, p)), { axes: said.axes });
      const total = g.reduce(
        "sum",
        each,
        each.axes.map((axis) => axis.name),
      );
      const count = said.axes.reduce((n, axis) => n * axis.size, 1);
      return g.map([total], (sum) => mul(sum, 1 / count));
    });
  },
});
