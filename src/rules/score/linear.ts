/** One number per unit and expert: the product of the unit with a learned row of weights per expert. */
import { add, div, max, mul, sqrt, square } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { linear as product } from "../../3-graph/compose/linear.js";
import type { RouterSite } from "../build.js";
import { count, flag, number, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

/** (P x) · w / (|P x| |w|) / temperature, one number per expert. */
function cosine({ g, x, experts, param }: RouterSite, prefix: string, projection: number, start: number): Value {
  const p = { name: "P", size: projection };
  const down = product(g, x, param(`${prefix}.projection.weight`, [p, x.axes.at(-1)!]));
  const rows = param(`${prefix}.weight`, [experts, p]);
  const temperature = param(`${prefix}.temperature`, []);
  const unit = (v: Value) => {
    const length = g.reduce("sum", g.map([v], square), [p.name]);
    return g.map([v, length], (a, l) => div(a, sqrt(max(l, 1e-12))), { axes: v.axes });
  };
  const cos = g.contract(unit(down), unit(rows), [p.name]);
  return g.map([cos, temperature], (c, t) => div(c, mul(t, start)), { axes: cos.axes });
}

export const linear = defineRule({
  slot: "score",
  name: "linear",
  doc: "One number per unit and expert: the product of the unit with a learned row of weights per expert.",
  example: "score linear",
  params: [
    flag("bias", "adds a learned number per expert"),
    count("to", "how many numbers to make, when not one per expert", { min: 1, derived: "one per expert" }),
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
  build(site, state, args, use) {
    if (args.from === "previous.scores") return state;
    const { g, x, experts } = site;
    const prefix = use.path.endsWith("]") ? `router.${/\[(\d+)\]$/.exec(use.path)![1]}` : "router";
    const width = x.axes.at(-1)!;
    const outputs = typeof args.to === "number" ? { name: experts.name, size: args.to } : experts;
    const scores = g.within({ role: "router.scores" }, () => {
      const bias = args.bias === true ? site.param(`${prefix}.bias`, [outputs]) : undefined;
      if (args.normalized !== true) return product(g, x, site.param(`${prefix}.weight`, [outputs, width]), bias);
      return cosine(site, prefix, Number(args.projection), Number(args.temperature));
    });
    return { ...state, logits: state.logits ? g.map([state.logits, scores], add) : scores };
  },
});
