/** Lowers the gates of units at experts with more than their share, and raises them at the others (StableMoE). */
import { div, max, mul, sub } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { addLoss } from "../meaning.js";
import { defineRule } from "../rule.js";

export const stable = defineRule({
  slot: "balance",
  name: "stable",
  doc: "Lowers the gates of units at experts with more than their share of edges, and raises them at the others: Σ over edges of gate · (load − mean load) / mean load, divided by the number of units.",
  example: "balance stable(0.3) until step(30)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.3, why: "as in StableMoE" })],
  clauses: [],
  needs: ["gate"],
  build(site, state, { weight }) {
    const { g, units, experts } = site;
    return addLoss(site, state, () => {
      const total = g.reduce("sum", state.load!, [experts.name]);
      const excess = g.map([state.load!, total], (n, all) => sub(div(mul(n, experts.size), max(all, 1)), 1));
      const of = g.take(g.stop(excess), state.edges!);
      const chosen = g.pick(state.gate!, state.edges!, experts.name);
      const each = g.map([chosen, of], (gate, more) => mul(mul(gate, more), Number(weight) / units.size));
      return g.reduce(
        "sum",
        each,
        each.axes.map((axis) => axis.name),
      );
    });
  },
});
