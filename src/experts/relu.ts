/** down( max(0, up x) ): two matrices. */
import { relu as activation } from "../3-graph/compose/activations.js";
import { defineExpert } from "./expert.js";
import { buildPlain, ffnParams, plainWeights } from "./ffn.js";

export const relu = defineExpert({
  kind: "relu",
  doc: "down( max(0, up x) ): two matrices.",
  example: "experts 16 of relu(hidden: 512)",
  params: ffnParams,
  weights: plainWeights,
  matrices: 2,
  build: buildPlain(activation),
});
