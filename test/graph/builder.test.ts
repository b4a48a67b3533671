import { describe, expect, it } from "vitest";
import { createBuilder, type GraphBuilder } from "../../src/3-graph/builder.js";
import { crossEntropy } from "../../src/3-graph/compose/cross-entropy.js";
import { rmsNorm } from "../../src/3-graph/compose/norm.js";
import { softmax } from "../../src/3-graph/compose/softmax.js";
import { add, mul } from "../../src/3-graph/expr-build.js";
import { printExpr } from "../../src/3-graph/expr-print.js";
import { differentiate } from "../../src/3-graph/gradient.js";
import type { Graph, Node, Value } from "../../src/3-graph/graph.js";
import { verify } from "../../src/3-graph/verify.js";
import { axes } from "./run.js";

const outputs = (values: Record<string, Value>) => ({ outputs: new Map(Object.entries(values)) });
const shown = (v: Value): string =>
  v.node.op.kind === "map" ? printExpr(v.node.op.expr, (i) => "abcdef"[i]!) : v.node.op.kind;

describe("the builder", () => {
  it("makes the same node once", () => {
    const g = createBuilder();
    const [x, y] = [g.input("x", axes("T 2")), g.input("y", axes("T 2"))];
    expect(g.map([x, y], add)).toBe(g.map([x, y], add));
    expect(g.map([x, y], add)).not.toBe(g.map([y, x], add));
    expect(g.reduce("max", x, ["T"])).not.toBe(g.reduce("sum", x, ["T"]));
  });

  it("melts constants into their readers and reads every input once", () => {
    const g = createBuilder();
    const x = g.input("x", axes("T 2"));
    const two = g.map([2], (a) => a, { axes: axes("T 2") });
    const y = g.map([x, two, x, 3], (a, b, c, d) => mul(mul(a, b), mul(c, d)));
    expect(shown(y)).toBe("a * a * 6");
    expect(y.node.inputs).toEqual([x]);
  });

  it("gives back its input where a map, a view or a reduction does nothing", () => {
    const g = createBuilder();
    const x = g.input("x", axes("T 2", "D 3"));
    expect(g.map([x, 0], (a, b) => mul(add(a, b), 1))).toBe(x);
    expect(g.view(g.view(x, axes("N 6")), x.axes)).toBe(x);
    expect(g.reduce("sum", x, [])).toBe(x);
  });

  it("leaves out what nobody needs", () => {
    const g = createBuilder();
    const x = g.input("x", axes("T 2"));
    g.map([x, g.input("idle", [])], add);
    const graph = verify(g.finish(outputs({ y: g.map([x, 1], add) })));
    expect(graph.nodes.map(({ op }) => op.kind)).toEqual(["input", "map"]);
  });

  const wrong: readonly (readonly [string, (g: GraphBuilder) => Value])[] = [
    ["an axis of two sizes", (g) => g.map([g.input("a", axes("T 2")), g.input("b", axes("T 3"))], add)],
    ["a sum over an axis that is not there", (g) => g.reduce("sum", g.input("a", axes("T 2")), ["D"])],
    [
      "a product over an axis of one side",
      (g) => g.contract(g.input("a", axes("T 2", "D 3")), g.input("b", axes("F 2")), ["D"]),
    ],
    ["a view of another size", (g) => g.view(g.input("a", axes("T 2")), axes("D 3"))],
    ["rows chosen by fractions", (g) => g.take(g.input("a", axes("T 2")), g.input("i", axes("I 2")))],
    ["more than there are", (g) => g.topK(g.input("a", axes("T 2")), 3)],
  ];
  it.each(wrong)("refuses %s", (_, build) => expect(() => build(createBuilder())).toThrow("MOE9002"));
});

describe("gradients keep the form that fusion expects", () => {
  const backward = (graph: Graph): Node[] => differentiate(graph).nodes.filter(({ at }) => at.phase === "backward");

  it("cross-entropy: one expression from logits, log-sum-exp and target", () => {
    const g = createBuilder();
    const [logits, ids] = [
      g.param("logits", axes("T 4", "V 3"), { kind: "zeros" }, "matrices"),
      g.input("ids", axes("T 4"), "i32"),
    ];
    const nodes = backward(g.finish(outputs({ loss: crossEntropy(g, logits, ids) })));
    expect(nodes.map(({ outputs: [v] }) => shown(v!))).toEqual(["exp(a - b) * 0.25", "(@V = a ? -0.25 : 0)", "a + b"]);
  });

  it("softmax: p · (dp − Σ dp·p)", () => {
    const g = createBuilder();
    const z = g.param("z", axes("T 4", "E 3"), { kind: "zeros" }, "router");
    const seen = g.map([softmax(g, z), g.input("c", axes("T 4", "E 3"))], mul);
    const nodes = backward(g.finish(outputs({ loss: g.reduce("sum", seen, ["T", "E"]) })));
    expect(nodes.map(({ outputs: [v] }) => shown(v!))).toEqual(["a * b", "reduce", "a * (b - c)"]);
  });

  it("no gradient is spread out before it must be", () => {
    const g = createBuilder();
    const w = g.param("w", axes("F 3", "D 4"), { kind: "zeros" }, "matrices");
    const y = g.contract(
      rmsNorm(g, g.input("x", axes("T 2", "D 4")), g.param("n", axes("D 4"), { kind: "ones" }, "norms"), 1e-5),
      w,
      ["D"],
    );
    const nodes = backward(g.finish(outputs({ loss: g.reduce("sum", y, ["T", "F"]) })));
    // the only tensor of ones is the one that the two products need
    expect(nodes.filter(({ op }) => op.kind === "map" && op.expr.op === "const").length).toBe(1);
    expect(nodes.map(({ at }) => at.role)).toContain("grad.w");
  });

  it("a weight that the loss does not see has a gradient of zeros", () => {
    const g = createBuilder();
    const [w, idle] = ["w", "idle"].map((name) => g.param(name, axes("D 2"), { kind: "zeros" }, "matrices"));
    const graph = g.finish(outputs({ loss: g.reduce("sum", w!, ["D"]), other: idle! }));
    expect(shown(differentiate(graph).outputs.get("grad.idle")!)).toBe("0");
  });
});

describe("the verifier", () => {
  const sound = (): Graph => {
    const g = createBuilder();
    const w = g.param("w", axes("D 2"), { kind: "zeros" }, "matrices");
    const y = g.map([w, 2], mul);
    return g.finish({ ...outputs({ y }), updates: [{ target: w, value: y }] });
  };
  const [param, map] = [0, 1];

  it.each([
    ["a node before what it reads", (it: Graph) => ({ ...it, nodes: [it.nodes[map]!, it.nodes[param]!] })],
    ["an output of another graph", (it: Graph) => ({ ...it, outputs: sound().outputs })],
    [
      "an update of something computed",
      (it: Graph) => ({ ...it, updates: [{ target: it.outputs.get("y")!, value: it.outputs.get("y")! }] }),
    ],
    ["two updates of one weight", (it: Graph) => ({ ...it, updates: [...it.updates, ...it.updates] })],
    [
      "two leaves of one name",
      (it: Graph) => ({ ...it, nodes: [...it.nodes, { ...it.nodes[param]!, id: 2, outputs: [] }] }),
    ],
  ] as const)("finds %s", (_, spoil) => {
    expect(verify(sound()).nodes.length).toBe(2);
    expect(() => verify(spoil(sound()))).toThrow("MOE9002");
  });
});
