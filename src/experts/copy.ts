/** x itself: no weights, no arithmetic. */
import { defineExpert } from "./expert.js";

export const copy = defineExpert({
  kind: "copy",
  doc: "x itself: no weights, no arithmetic.",
  example: "experts 1 of copy",
  params: [],
  weights: () => [],
  matrices: 0,
  build: ({ x }) => x,
});
