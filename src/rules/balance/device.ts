/** Pushes the load of groups of experts together, such as the experts of one device (DeepSeek). */

import { mul } from "../../3-graph/expr-build.js";
import type { Axis } from "../../3-graph/graph.js";
import { count, number } from "../../words/params.js";
import { addLoss, edgeShares, probabilities } from "../meaning.js";
import { defineRule } from "../rule.js";

export const device = defineRule({
  slot: "balance",
  name: "device",
  doc: "Pushes the load of equal, contiguous groups of experts together, such as the experts of one device: like switch, with groups in place of experts.",
  example: "balance device(0.05, groups: 8)",
  params: [
    number("weight", "how much the loss counts", { min: 0, default: 0.05, why: "as in DeepSeekMoE and DeepSeek-V2" }),
    count("groups", "how many groups the experts form", { min: 1 }),
  ],
  clauses: [],
  needs: ["scores"],
  facts: () => ({ readsAllLogits: true }),
  build(site, state, { weight, groups: number }) {
    const { g, units, experts } = site;
    const groups: Axis = { name: "G", size: Number(number) };
    const member: Axis = { name: "GM", size: experts.size / groups.size };
    return addLoss(site, state, () => {
      const mean = g.reduce("sum", probabilities(site, state, "all"), [units.name]);
      const [shares, p] = [edgeShares(g, state.load!), mean].map((x) =>
        g.reduce("sum", g.view(x, [groups, member]), [member.name]),
      );
      const each = g.map([shares!, p!], (f, q) => mul(mul(f, q), (Number(weight) * groups.size) / units.size));
      return g.reduce("sum", each, [groups.name]);
    });
  },
});
