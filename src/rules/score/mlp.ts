/** One number per unit and expert from two matrices with a bend between them. */
import { gelu, relu, silu } from "../../3-graph/compose/activations.js";
import { linear } from "../../3-graph/compose/linear.js";
import { tanh } from "../../3-graph/expr-build.js";
import { count, word } from "../../words/params.js";
import { addScores, scorePrefix } from "../meaning.js";
import { defineRule } from "../rule.js";

const bends = { tanh, relu, gelu, silu } as const;

export const mlp = defineRule({
  slot: "score",
  name: "mlp",
  doc: "One number per unit and expert from two matrices with a bend between them.",
  example: "score mlp(hidden: 8 * E, act: tanh)",
  params: [
    count("hidden", "width between the two matrices", { min: 1 }),
    word("act", ["tanh", "relu", "gelu", "silu"], "the bend", { default: "tanh", why: "as in MoE++" }),
  ],
  clauses: [],
  needs: [],
  weights: ({ hidden }, { scored, width }) => [
    { name: "hidden.weight", shape: [Number(hidden), width] },
    { name: "weight", shape: [scored, Number(hidden)] },
  ],
  build(site, state, { hidden, act }, use) {
    const { g, scored } = site;
    const x = state.x ?? site.x;
    const inside = { name: "RH", size: Number(hidden) };
    const prefix = scorePrefix(use);
    const scores = g.within({ role: "router.scores" }, () => {
      const up = linear(g, x, site.param(`${prefix}.hidden.weight`, [inside, x.axes.at(-1)!]));
      const bent = g.map([up], bends[act as keyof typeof bends]);
      return linear(g, bent, site.param(`${prefix}.weight`, [scored, inside]));
    });
    return addScores(site, state, scores);
  },
});
