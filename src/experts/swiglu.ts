/** down( silu(gate x) ⊙ (up x) ): three matrices. */
import { silu } from "../3-graph/compose/activations.js";
import { defineExpert } from "./expert.js";
import { buildGated, ffnParams, gatedWeights } from "./ffn.js";

export const swiglu = defineExpert({
  kind: "swiglu",
  doc: "down( silu(gate x) ⊙ (up x) ): three matrices.",
  example: "experts 16 of swiglu(hidden: 512)",
  params: ffnParams,
  weights: gatedWeights,
  matrices: 3,
  build: buildGated(silu),
});
