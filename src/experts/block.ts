/** A whole block of layers as an expert: what its steps add to the stream of the units that choose it. */
import { nameOf } from "../words/params.js";
import { defineExpert } from "./expert.js";

export const block = defineExpert({
  kind: "block",
  doc: "A whole block as an expert, each with weights of its own: gives what the block's steps add to a unit, Block(x) − x.",
  example: "experts 1 of block(Layer)",
  params: [nameOf("block", ["block"], "the block")],
  // the weights are those of the block's steps, which only the design knows
  weights: () => [],
  matrices: 0,
  runsElsewhere: true,
});
