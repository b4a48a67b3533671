/** a · x + b · v with a learned vector v, and a and b from a softmax of two scores of x. */
import { add, eq, index, mul, neg, select, sigmoid } from "../3-graph/expr-build.js";
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
  build: ({ g, x, multiply, own, role }, [vector, mix]) => {
    const choices = mix!.axes.at(-2)!.name;
    const lead = role("mix", () => {
      // a softmax of two is a sigmoid of their difference
      const signed = g.map([multiply(x, mix!)], (s) => select(eq(index(choices), 0), s, neg(s)));
      return g.reduce("sum", signed, [choices]);
    });
    const axes = [...lead.axes, x.axes.at(-1)!];
    return role("vector", () =>
      g.map([x, own(vector!), lead], (a, v, d) => add(mul(sigmoid(d), a), mul(sigmoid(neg(d)), v)), { axes }),
    );
  },
});
