/** down( gelu(up x) ): two matrices, gelu in its erf form. */
import { defineExpert } from "./expert.js";
import { ffnParams, plainWeights } from "./ffn.js";

export const gelu = defineExpert({
  kind: "gelu",
  doc: "down( gelu(up x) ): two matrices, gelu in its erf form.",
  example: "experts 16 of gelu(hidden: 512)",
  params: ffnParams,
  weights: plainWeights,
  matrices: 2,
});
