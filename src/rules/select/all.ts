/** Every expert. */
import { index, select } from "../../3-graph/expr-build.js";
import { defineRule } from "../rule.js";

export const all = defineRule({
  slot: "select",
  name: "all",
  doc: "Every expert.",
  example: "select all",
  params: [],
  clauses: [],
  needs: [],
  facts: (_, { experts }) => ({ edgesPerUnit: experts, allEdges: true, exactEdges: true }),
  build({ g, units, experts }, state) {
    const k = { name: "K", size: experts.size };
    const edges = g.within({ role: "router.select" }, () => {
      const all = g.map([], () => index("K"), { axes: [units, k], dtype: "i32" });
      if (state.legal === undefined) return all;
      const legal = g.pick(
        g.map([state.legal], (ok) => ok),
        all,
        experts.name,
      );
      return g.map([all, legal], (e, ok) => select(ok, e, -1), { dtype: "i32" });
    });
    return { ...state, edges };
  },
});
