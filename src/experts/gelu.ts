/** down( gelu(up x) ): two matrices, gelu in its erf form. */
import { gelu as activation } from "../3-graph/compose/activations.js";
import { defineExpert } from "./expert.js";
import { buildPlain, ffnParams, plainWeights } from "./ffn.js";

export const gelu = defineExpert({
  kind: "gelu",
  doc: "down( gelu(up x) ): two matrices, gelu in its erf form.",
  example: "experts 16 of gelu(hidden: 512)",
  params: ffnParams,
  weights: plainWeights,
  matrices: 2,
  build: buildPlain(activation),
});
