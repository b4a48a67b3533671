/** a · x + b · v with a learned vector v, and a and b from a softmax of two scores of x. */
import { defineExpert } from "./expert.js";

export const constant = defineExpert({
  kind: "constant",
  doc: "a · x + b · v with a learned vector v, and a and b from a softmax of two scores of x.",
  example: "experts 2 of constant",
  params: [],
  weights: () => [
    { name: "vector.weight", shape: ["C"] },
    { name: "mix.weight", shape: [2, "C"] },
  ],
  matrices: 0,
});
