/** A whole block of layers as an expert: units that choose it go through it. */
import { nameOf } from "../words/params.js";
import { defineExpert } from "./expert.js";

export const block = defineExpert({
  kind: "block",
  doc: "A whole block of layers as an expert: units that choose it go through it.",
  example: "experts 1 of block(Layer)",
  params: [nameOf("block", ["block"], "the block", { optional: true })],
  // the block's own weights are listed with the block, not with the expert
  weights: () => [],
  matrices: 0,
});
