/** up (down · x): two vectors, an expert of rank one. */
import { asColumn, asRow } from "./build.js";
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
  build: ({ g, x, multiply, role }, [down, up]) => {
    const one = { name: "H", size: 1 };
    const s = role("down", () => multiply(x, asRow(g, down!, one)));
    return role("up", () => multiply(s, asColumn(g, up!, one)));
  },
});
