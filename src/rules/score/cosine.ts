/** The cosine between a unit and a learned row of weights per expert, times a learned number (Soft MoE, DynMoE). */
import { add, mul } from "../../3-graph/expr-build.js";
import { flag, number } from "../../words/params.js";
import { addScores, scorePrefix } from "../meaning.js";
import { defineRule } from "../rule.js";
import { ofLengthOne, scoreBias } from "./parts.js";

export const cosine = defineRule({
  slot: "score",
  name: "cosine",
  doc: "One number per unit and expert: the cosine between the unit and a learned row of weights per expert, times a learned number. `linear normalized` projects the unit first.",
  example: "score cosine",
  params: [
    number("scale", "what the cosine is multiplied with at the start; learned", {
      min: 0,
      above: true,
      default: 1,
      why: "as in Soft MoE",
    }),
    flag("bias", "adds a learned number per expert"),
  ],
  clauses: [],
  needs: [],
  weights: ({ bias }, { scored, width }) => [
    { name: "weight", shape: [scored, width] },
    // starts at 1 and is multiplied with the rule's `scale`
    { name: "scale", shape: [], init: { kind: "ones" } },
    ...(bias === true ? [scoreBias(scored)] : []),
  ],
  build(site, state, { scale, bias }, use) {
    const { g, scored } = site;
    const x = state.x ?? site.x;
    const prefix = scorePrefix(use);
    const scores = g.within({ role: "router.scores" }, () => {
      const rows = site.param(`${prefix}.weight`, [scored, x.axes.at(-1)!]);
      const cos = g.contract(ofLengthOne(g, x), ofLengthOne(g, rows), [rows.axes[1]!.name]);
      const times = site.param(`${prefix}.scale`, []);
      const scaled = g.map([cos, times], (c, t) => mul(c, mul(t, Number(scale))), { axes: cos.axes });
      if (bias !== true) return scaled;
      return g.map([scaled, site.param(`${prefix}.bias`, [scored])], add, { axes: scaled.axes });
    });
    return addScores(site, state, scores);
  },
});
