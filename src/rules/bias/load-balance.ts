/** A number per expert that is added for choosing only, and moves against the load after every step. */

import type { RuleArgs } from "../../2-design/design.js";
import type { Expr } from "../../3-graph/expr.js";
import { add, div, index, max, mul, select, sign, sub, type Term } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { number, word } from "../../words/params.js";
import type { RouterSite } from "../build.js";
import { oneOf } from "../meaning.js";
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
    word(
      "control",
      ["step", "proportional", "pid"],
      "how the error becomes a movement: what `step` says, the error as a share of the wanted load, or (as in LongCat-Flash) as a share of all edges",
      {
        default: "step",
        why: "the plain rule: `rate` times what `step` says",
      },
    ),
    number(
      "target",
      "share of the selected edges that should go to experts that compute something; the others are then never moved. Every expert the same share unless written",
      {
        min: 0,
        max: 1,
        optional: true,
      },
    ),
  ],
  clauses: [],
  needs: ["key"],
  state: (_, { experts }) => [{ name: "load_bias", shape: [experts] }],
  build(site, state, args) {
    const { g, experts } = site;
    const bias = site.state("router.load_bias", [experts]);
    const base = state.key ?? state.gate ?? state.logits!;
    const key = g.within({ role: "router.key" }, () => g.map([g.stop(base), bias], add, { axes: base.axes }));
    const finish = (load: Value): { target: Value; value: Value } => {
      const total = g.reduce("sum", load, [experts.name]);
      const moved = g.map([bias, load, total], (b, n, all) =>
        add(b, mul(movement(site, args, n, all), Number(args.rate))),
      );
      return { target: bias, value: moved };
    };
    return { ...state, key, afterLoad: [...(state.afterLoad ?? []), finish] };
  },
});

/** How far an expert with `n` of `all` edges moves, in multiples of the rate. */
function movement(site: RouterSite, { step, control, target }: RuleArgs, n: Expr, all: Expr): Term {
  const { experts, computes } = site;
  const working = Array.from({ length: experts.size }, (_, e) => e).filter(computes);
  const everyone = target === undefined || working.length === experts.size;
  // experts that compute nothing get what the others leave, and are never moved
  const wanted = everyone ? div(all, experts.size) : mul(all, Number(target) / working.length);
  const move = moves[control === "step" ? (step === "sign" ? "sign" : "proportional") : String(control)]!(
    wanted,
    n,
    all,
  );
  return everyone ? move : select(oneOf(index(experts.name), working), move, 0);
}

/** By the name of the control: the error's direction, its share of what is wanted, its share of all edges. */
const moves: Readonly<Record<string, (wanted: Expr, n: Expr, all: Expr) => Expr>> = {
  sign: (wanted, n) => sign(sub(wanted, n)),
  proportional: (wanted, n) => div(sub(wanted, n), max(wanted, 1e-20)),
  pid: (wanted, n, all) => div(sub(wanted, n), max(all, 1)),
};
