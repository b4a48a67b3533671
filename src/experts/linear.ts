/** One matrix, or two with nothing between them: a LoRA of that rank. */
import { toExpr } from "../3-graph/expr-build.js";
import { count, flag } from "../words/params.js";
import { defineExpert } from "./expert.js";
import { buildOne, buildPlain, oneWeight, plainWeights } from "./ffn.js";

const through = buildPlain(toExpr);

export const linear = defineExpert({
  kind: "linear",
  doc: "down x: one matrix; with `hidden`, down( up x ): two matrices with nothing between them, a LoRA of that rank.",
  example: "experts 8 of linear(hidden: 16)",
  params: [
    count("hidden", "F, the width between two matrices; one matrix unless written", { min: 1, optional: true }),
    flag("bias", "adds learned numbers after every matrix"),
  ],
  weights: (ffn) => (ffn.hidden > 0 ? plainWeights(ffn) : oneWeight(ffn)),
  matrices: 0,
  build: (rows, weights, ffn) => (ffn.hidden > 0 ? through : buildOne)(rows, weights, ffn),
});
