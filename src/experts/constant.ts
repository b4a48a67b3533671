/** a · x + b · v with a learned vector v, and a and b from a softmax of two scores of x. */
import { add, eq, index, mul, neg, select, sigmoid } from "../3-graph/expr-build.js";
import { asColumn } from "./build.js";
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
  build: ({ g, x, multiply, role }, [vector, mix]) => {
    const one = { name: "H", size: 1 };
    const choices = mix!.axes.at(-2)!.name;
    const lead = role("mix", () => {
      // a softmax of two is a sigmoid of their difference
      const signed = g.map([multiply(x, mix!)], (s) => select(eq(index(choices), 0), s, neg(s)));
      return g.reduce("sum", signed, [choices]);
    });
    return role("vector", () => {
      const share = g.map([lead], (d) => sigmoid(neg(d)), { axes: [...lead.axes, one] });
      const scaled = multiply(share, asColumn(g, vector!, one));
      return g.map([x, lead, scaled], (a, d, v) => add(mul(sigmoid(d), a), v), { axes: scaled.axes });
    });
  },
});
