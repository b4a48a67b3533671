/** down( g · sigmoid(1.702 · g) ⊙ (up x + 1) ) with g = gate x: three matrices, as in gpt-oss. */
import { add, mul, sigmoid } from "../3-graph/expr-build.js";
import { defineExpert } from "./expert.js";
import { buildGated, ffnParams, gatedWeights } from "./ffn.js";

export const quickglu = defineExpert({
  kind: "quickglu",
  doc: "down( g · sigmoid(1.702 · g) ⊙ (up x + 1) ) with g = gate x, the quick form of gelu: three matrices, as in gpt-oss with clamp: 7 and bias.",
  example: "experts 32 of quickglu(hidden: 512, clamp: 7, bias)",
  params: ffnParams,
  weights: gatedWeights,
  matrices: 3,
  build: buildGated(
    (g) => mul(g, sigmoid(mul(g, 1.702))),
    (up) => add(up, 1),
  ),
});
