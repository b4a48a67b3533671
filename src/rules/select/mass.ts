/** The best experts of a unit until their gates hold a given share together, at least one. */
import { index, lt, select } from "../../3-graph/expr-build.js";
import { clause, count, share, value } from "../../words/params.js";
import { choiceKey } from "../meaning.js";
import { defineRule } from "../rule.js";

export const mass = defineRule({
  slot: "select",
  name: "mass",
  doc: "The best experts of a unit until their gates hold a given share together, at least one.",
  example: "select mass(0.9) at most 8",
  params: [share("share", "share of the gate to gather")],
  clauses: [
    clause(
      "at most",
      value(count("atMost", "most experts of a unit", { min: 1, derived: "all experts" })),
      "most experts of a unit",
    ),
  ],
  needs: ["gate", "key"],
  build(site, state, { share: wanted, atMost }) {
    const { g, experts } = site;
    const most = Math.min(experts.size, typeof atMost === "number" ? atMost : experts.size);
    const edges = g.within({ role: "router.select" }, () => {
      const key = choiceKey(site, state);
      const gate = g.stop(state.gate!);
      const best = g.topK(key, most);
      // the same choice under another name, to be summed over: the gates of better experts
      const better = g.pick(gate, g.topK(key, most, "KB"), experts.name);
      const above = g.map([], () => lt(index("KB"), index("K")), { axes: [better.axes.at(-1)!, best.axes.at(-1)!] });
      const before = g.contract(better, above, ["KB"]);
      return g.map([best, before], (e, mass) => select(lt(mass, Number(wanted)), e, -1), {
        axes: best.axes,
        dtype: "i32",
      });
    });
    return { ...state, edges };
  },
  facts: ({ atMost }, { experts }) => ({ edgesPerUnit: typeof atMost === "number" ? atMost : experts }),
});
