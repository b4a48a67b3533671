/** 0, whatever comes in: the unit skips the layer. */
import { defineExpert } from "./expert.js";

export const zero = defineExpert({
  kind: "zero",
  doc: "0, whatever comes in: the unit skips the layer.",
  example: "experts 1 of zero",
  params: [],
  weights: () => [],
  matrices: 0,
  build: ({ g, x }) => g.map([x], () => 0, { axes: x.axes }),
});
