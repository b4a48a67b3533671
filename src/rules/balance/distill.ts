/** Teaches a student router to choose what this router chooses, so that it can take over later (StableMoE). */
import { logSumExp } from "../../3-graph/compose/softmax.js";
import { div, le, max, mul, select, sub } from "../../3-graph/expr-build.js";
import { number } from "../../words/params.js";
import { addLoss } from "../meaning.js";
import { defineRule } from "../rule.js";

export const distill = defineRule({
  slot: "balance",
  name: "distill",
  doc: "Teaches the student (`score embedding as student`) to choose what this router chooses: the mean over edges of its cross-entropy. When the loss ends with `until step(n)`, the student's weights are frozen from then on.",
  example: "balance distill(0.3) until step(30)",
  params: [number("weight", "how much the loss counts", { min: 0, default: 0.3, why: "as in StableMoE" })],
  clauses: [],
  needs: ["student"],
  build(site, state, { weight }) {
    const { g, experts } = site;
    return addLoss(site, state, () => {
      const [student, edges] = [state.student!, state.edges!];
      const all = logSumExp(g, student, { legal: state.legal });
      const own = g.pick(student, edges, experts.name);
      const each = g.map([edges, all, own], (e, lse, z) => select(le(0, e), sub(lse, z), 0), { axes: edges.axes });
      const total = g.reduce(
        "sum",
        each,
        each.axes.map((axis) => axis.name),
      );
      const count = g.reduce("sum", state.load!, [experts.name]);
      return g.map([total, count], (sum, n) => mul(div(sum, max(n, 1)), Number(weight)));
    });
  },
});
