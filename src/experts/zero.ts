/** 0, whatever comes in: the unit skips the layer. */
import { defineExpert } from "./expert.js";

export const zero = defineExpert({
  kind: "zero",
  doc: "0, whatever comes in: the unit skips the layer.",
  example: "experts 1 of zero",
  params: [],
  weights: () => [],
  matrices: 0,
});
