/** down( gelu(gate x) ⊙ (up x) ): three matrices, gelu in its erf form. */
import { gelu } from "../3-graph/compose/activations.js";
import { defineExpert } from "./expert.js";
import { buildGated, ffnParams, gatedWeights } from "./ffn.js";

export const geglu = defineExpert({
  kind: "geglu",
  doc: "down( gelu(gate x) ⊙ (up x) ): three matrices, gelu in its erf form.",
  example: "experts 16 of geglu(hidden: 512)",
  params: ffnParams,
  weights: gatedWeights,
  matrices: 3,
  build: buildGated(gelu),
});
