/** down · gelu(up · x): one hidden neuron. */
import { defineExpert } from "./expert.js";

export const neuron = defineExpert({
  kind: "neuron",
  doc: "down · gelu(up · x): one hidden neuron.",
  example: "experts 1_000_000 of neuron",
  params: [],
  weights: () => [
    { name: "up.weight", shape: ["C"] },
    { name: "down.weight", shape: ["C"], residual: true },
  ],
  matrices: 0,
});
