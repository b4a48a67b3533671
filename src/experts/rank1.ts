/** up (down · x): two vectors, an expert of rank one. */
import { defineExpert } from "./expert.js";

export const rank1 = defineExpert({
  kind: "rank1",
  doc: "up (down · x): two vectors, an expert of rank one.",
  example: "experts 1024 of rank1",
  params: [],
  weights: () => [
    { name: "down.weight", shape: ["C"] },
    { name: "up.weight", shape: ["C"], residual: true },
  ],
  matrices: 0,
});
