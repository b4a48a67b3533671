import { describe, expect, it } from "vitest";
import { createBuilder } from "../../src/3-graph/builder.js";
import { rmsNorm } from "../../src/3-graph/compose/norm.js";
import { add, div, exp, input, lt, mul, neg, select, sub } from "../../src/3-graph/expr-build.js";
import { printExpr } from "../../src/3-graph/expr-print.js";
import { printGraph } from "../../src/3-graph/print.js";
import { axes } from "./run.js";

const [a, b, c] = [0, 1, 2].map(input) as [
  ReturnType<typeof input>,
  ReturnType<typeof input>,
  ReturnType<typeof input>,
];

describe("expressions as text", () => {
  it.each([
    [sub(a, sub(b, c)), "a - (b - c)"],
    [sub(sub(a, b), c), "a - b - c"],
    [mul(add(a, b), c), "(a + b) * c"],
    [add(mul(a, b), c), "a * b + c"],
    [div(a, mul(b, c)), "a / (b * c)"],
    [neg(add(a, b)), "-(a + b)"],
    [exp(sub(a, 1e-5)), "exp(a - 0.00001)"],
    [select(lt(a, b), Number.NEGATIVE_INFINITY, c), "(a < b ? -inf : c)"],
  ])("%#", (expr, text) => expect(printExpr(expr, (i) => "abc"[i]!)).toBe(text));
});

describe("a graph as text", () => {
  it("shows what is given, what is made where, and what comes out", () => {
    const g = createBuilder();
    const x = g.input("x", axes("T 2", "D 4"));
    const y = g.within({ scope: "layers.0.attend", role: "norm", because: "Layer" }, () =>
      rmsNorm(g, x, g.param("norm.weight", axes("D 4"), { kind: "ones" }, "norms"), 1e-5),
    );
    const total = g.within({ scope: "head", role: "sum" }, () => g.contract(y, x, ["T", "D"]));
    const text = printGraph(g.finish({ outputs: new Map([["total", total]]) }));
    expect(text).toBe(`given
  input x: f32 [T 2, D 4]
  param norm.weight: f32 [D 4]

layers.0.attend, forward
  %2: f32 [T 2, D 4] = x * x    # norm, Layer
  %3: f32 [T 2] = sum over D of %2    # norm, Layer
  %4: f32 [T 2] = rsqrt(%3 * 0.25 + 0.00001)    # norm, Layer
  %5: f32 [T 2, D 4] = x * %4 * norm.weight    # norm, Layer

head, forward
  %6: f32 [] = contract(over: ["T","D"]) %5, x    # sum

results
  total = %6
`);
  });
});
