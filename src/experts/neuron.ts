/** down · gelu(up · x): one hidden neuron. */
import { gelu } from "../3-graph/compose/activations.js";
import { mul } from "../3-graph/expr-build.js";
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
  build: ({ g, x, multiply, own, role }, [up, down]) => {
    const h = role("up", () => multiply(x, up!));
    return role("down", () => g.map([h, own(down!)], (a, b) => mul(gelu(a), b), { axes: [...h.axes, x.axes.at(-1)!] }));
  },
});
