/** up (down · x): two vectors, an expert of rank one. */
import { mul } from "../3-graph/expr-build.js";
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
  build: ({ g, x, multiply, own, role }, [down, up]) => {
    const s = role("down", () => multiply(x, down!));
    return role("up", () => g.map([s, own(up!)], (a, b) => mul(a, b), { axes: [...s.axes, x.axes.at(-1)!] }));
  },
});
