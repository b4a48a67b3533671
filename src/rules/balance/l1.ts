/** Drives gates to zero until the wanted share of experts stays positive, with a strength that adapts (ReMoE). */
import { div, lt, mul, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import { number } from "../../words/params.js";
import type { RouterSite } from "../build.js";
import { addLoss } from "../meaning.js";
import { defineRule } from "../rule.js";

/** What the strength is multiplied with, or divided by, after every step. */
const FACTOR = 1.2;

/** λ after this step: larger while too many gates are positive, smaller otherwise. */
function adapted({ g, units, experts }: RouterSite, strength: Value, positive: Value, target: number): Value {
  const total = g.reduce("sum", positive, [experts.name]);
  return g.map([strength, total], (s, n) =>
    select(lt(target, mul(n, 1 / (units.size * experts.size))), mul(s, FACTOR), div(s, FACTOR)),
  );
}

export const l1 = defineRule({
  slot: "balance",
  name: "l1",
  doc: "Drives gates to zero until the wanted share of them stays positive, those of busy experts hardest; after every step its strength is multiplied by 1.2 while too many are positive, and divided by 1.2 otherwise. Each layer has a strength of its own.",
  example: "balance l1(target: 8/64)",
  params: [
    number("weight", "strength at the start", { min: 0, default: 1e-8, why: "as in ReMoE" }),
    number("target", "wanted share of positive gates, e.g. k/E", { min: 0, above: true, max: 1 }),
  ],
  clauses: [],
  needs: ["gate"],
  state: ({ weight }) => [{ name: "l1_strength", shape: [], init: Number(weight) }],
  facts: () => ({ readsAllLogits: true }),
  build(site, state, { target }) {
    const { g, units, experts } = site;
    const share = Number(target);
    const strength = site.state("router.l1_strength", []);
    const gate = state.gate!;
    const positive = g.within({ role: "router.balance" }, () => {
      const truth = g.map([g.stop(gate)], (r) => lt(0, r), { axes: gate.axes });
      return g.reduce("sum", truth, [units.name]);
    });
    // λ · E/(k·U²) · Σ_e count_e · Σ_u R_ue, with target = k/E
    const next = addLoss(site, state, () => {
      const each = g.map([positive, g.reduce("sum", gate, [units.name])], (n, sum) => mul(n, sum));
      const total = g.reduce("sum", each, [experts.name]);
      return g.map([total, strength], (sum, s) => mul(mul(sum, s), 1 / (share * units.size ** 2)));
    });
    const value = g.within({ role: "router.update", phase: "update" }, () => adapted(site, strength, positive, share));
    return { ...next, updates: [...(next.updates ?? []), { target: strength, value }] };
  },
});
