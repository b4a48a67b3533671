/** down · gelu(up · x): one hidden neuron. */
import { gelu } from "../3-graph/compose/activations.js";
import { asColumn, asRow } from "./build.js";
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
  build: ({ g, x, multiply, role }, [up, down]) => {
    const one = { name: "H", size: 1 };
    const h = role("up", () => g.map([multiply(x, asRow(g, up!, one))], gelu));
    return role("down", () => multiply(h, asColumn(g, down!, one)));
  },
});
