/** A number per expert that is added for choosing only, and moves against the load after every step. */

import { add, div, mul, sign, sub } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { number, word } from "../../words/params.js";
import { refuse } from "../refuse.js";
import { defineRule } from "../rule.js";

export const loadBalance = defineRule({
  slot: "bias",
  name: "load_balance",
  doc: "A number per expert that is added for choosing only, and moves against the load after every step.",
  example: "bias load_balance(rate: 1e-3, step: sign)",
  params: [
    number("rate", "how far the number moves in a step", { min: 0, default: 1e-3, why: "as in DeepSeek-V3" }),
    word("step", ["sign", "proportional"], "whether only the direction of the error counts, or its size too", {
      default: "sign",
      why: "as in DeepSeek-V3",
    }),
    word("control", ["step", "proportional", "pid"], "how the error becomes a movement", {
      default: "step",
      why: "the plain rule: `rate` times what `step` says",
    }),
    number("target", "share of the selected edges that should go to experts that compute something", {
      min: 0,
      optional: true,
    }),
  ],
  clauses: [],
  needs: ["key"],
  build(site, state, { rate, step, control, target }, use) {
    // a controller with memory and a share for experts that compute nothing are described, not built
    if (control === "pid" || target !== undefined) throw refuse(use);
    const bySign = control !== "proportional" && step === "sign";
    const { g, experts } = site;
    const bias = site.state("router.load_bias", [experts]);
    const base = state.gate ?? state.logits!;
    const key = g.within({ role: "router.key" }, () => g.map([g.stop(base), bias], add, { axes: base.axes }));
    const finish = (load: Value): { target: Value; value: Value } => {
      const total = g.reduce("sum", load, [experts.name]);
      const move = g.map([bias, load, total], (b, n, all) => {
        const error = sub(div(all, experts.size), n);
        return add(b, mul(bySign ? sign(error) : div(error, div(all, experts.size)), Number(rate)));
      });
      return { target: bias, value: move };
    };
    return { ...state, key, afterLoad: [...(state.afterLoad ?? []), finish] };
  },
});
