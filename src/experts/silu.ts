/** down( silu(up x) ): two matrices. */
import { silu as activation } from "../3-graph/compose/activations.js";
import { defineExpert } from "./expert.js";
import { buildPlain, ffnParams, plainWeights } from "./ffn.js";

export const silu = defineExpert({
  kind: "silu",
  doc: "down( silu(up x) ): two matrices.",
  example: "experts 16 of silu(hidden: 512)",
  params: ffnParams,
  weights: plainWeights,
  matrices: 2,
  build: buildPlain(activation),
});
