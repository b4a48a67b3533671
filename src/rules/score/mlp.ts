/** One number per unit and expert from two matrices with a bend between them. */
import { count, word } from "../../words/params.js";
import { defineRule } from "../rule.js";

export const mlp = defineRule({
  slot: "score",
  name: "mlp",
  doc: "One number per unit and expert from two matrices with a bend between them.",
  example: "score mlp(hidden: 8 * E, act: tanh)",
  params: [
    count("hidden", "width between the two matrices", { min: 1 }),
    word("act", ["tanh", "relu", "gelu", "silu"], "the bend", { default: "tanh", why: "as in MoE++" }),
  ],
  clauses: [],
  needs: [],
});
