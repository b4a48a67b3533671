/** Positive gates that add up to 1 over the experts of a unit. */
import { softmax as softmaxOf } from "../../3-graph/compose/softmax.js";
import { clause, value, word } from "../../words/params.js";
import { onlyLegal } from "../meaning.js";
import { defineRule } from "../rule.js";

export const softmax = defineRule({
  slot: "gate",
  name: "softmax",
  doc: "Positive gates that add up to 1 over the experts of a unit.",
  means: ({ over }) =>
    over === "visible"
      ? "Positive gates that add up to 1 over the experts that a unit may see; the others have 0."
      : "Positive gates that add up to 1 over the experts of a unit.",
  example: "gate softmax",
  params: [],
  clauses: [
    clause(
      "over",
      value(
        word("over", ["all", "visible"], "the experts that share the 1; masked experts have gate 0 in any case", {
          default: "all",
          why: "without a mask the two are the same",
        }),
      ),
      "the experts that share the 1",
    ),
  ],
  needs: ["scores"],
  build({ g }, state, { over }) {
    const { logits, legal } = state;
    const gate = g.within({ role: "router.gate" }, () =>
      over === "visible" ? softmaxOf(g, logits!, { legal }) : onlyLegal(g, softmaxOf(g, logits!), legal),
    );
    return { ...state, gate, gateKind: "softmax" };
  },
});
