import { describe, expect, it } from "vitest";
import { sizeOf } from "../../../src/3-graph/axes.js";
import type { GraphBuilder } from "../../../src/3-graph/builder.js";
import { createBuilder } from "../../../src/3-graph/builder.js";
import { gelu, relu, silu, softplus } from "../../../src/3-graph/compose/activations.js";
import { crossEntropy } from "../../../src/3-graph/compose/cross-entropy.js";
import { layerNorm, rmsNorm } from "../../../src/3-graph/compose/norm.js";
import { logSumExp, softmax } from "../../../src/3-graph/compose/softmax.js";
import type { Expr } from "../../../src/3-graph/expr.js";
import {
  abs,
  add,
  cos,
  div,
  erf,
  exp,
  floor,
  index,
  log,
  lt,
  max,
  min,
  mul,
  neg,
  recip,
  rsqrt,
  select,
  sigmoid,
  sign,
  sqrt,
  sub,
  tanh,
} from "../../../src/3-graph/expr-build.js";
import { differentiate } from "../../../src/3-graph/gradient.js";
import type { Axis, Value } from "../../../src/3-graph/graph.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import type { Kind } from "../../../src/3-graph/ops/definition.js";
import { definitionOf, kinds } from "../../../src/3-graph/ops/index.js";
import { type Tensor, tensor } from "../../../src/3-graph/tensor.js";
import { verify } from "../../../src/3-graph/verify.js";
import { axes, noise, randomTensor } from "../run.js";

interface Case {
  readonly kind: Kind;
  readonly name: string;
  readonly weights: Readonly<Record<string, readonly Axis[]>>;
  readonly tables?: Readonly<Record<string, { readonly axes: readonly Axis[]; readonly values: readonly number[] }>>;
  readonly positive?: boolean;
  readonly build: (g: GraphBuilder, w: Record<string, Value>, t: Record<string, Value>) => Value;
}

const unary = (name: string, f: (x: Expr) => Expr, positive = false): Case => ({
  kind: "map",
  name,
  positive,
  weights: { x: axes("T 2", "D 3") },
  build: (g, { x }) => g.map([x!], f),
});
const binary = (name: string, f: (x: Expr, y: Expr) => Expr): Case => ({
  kind: "map",
  name,
  positive: true,
  weights: { x: axes("T 2", "D 3"), y: axes("D 3") },
  build: (g, { x, y }) => g.map([x!, y!], f),
});
const attention = (name: string, heads: number, kvHeads: number, causal: boolean, window?: number): Case => ({
  kind: "attention",
  name,
  weights: {
    q: axes("T 6", `Q ${heads * 2}`),
    k: axes("T 6", `KV ${kvHeads * 2}`),
    v: axes("T 6", `KV ${kvHeads * 2}`),
  },
  build: (g, { q, k, v }) =>
    g.attention(q!, k!, v!, { heads, kvHeads, headDim: 2, seq: 3, causal, window, scale: 0.7 }),
});
const edges = { axes: axes("U 3", "K 2"), values: [2, 0, 2, -1, 0, 2] };
const routed = { rows: "R", experts: "E" };
const three = { name: "E", size: 3 };

const cases: readonly Case[] = [
  unary("exp", exp),
  unary("log", log, true),
  unary("sqrt", sqrt, true),
  unary("rsqrt", rsqrt, true),
  unary("recip", recip, true),
  unary("neg", neg),
  unary("abs", abs),
  unary("tanh", tanh),
  unary("sigmoid", sigmoid),
  unary("erf", erf),
  unary("cos", cos),
  unary("silu", silu),
  unary("gelu", gelu),
  unary("relu", relu),
  unary("softplus", softplus),
  unary("steps", (x) => add(mul(x, sign(x)), floor(x))),
  binary("add", add),
  binary("sub", sub),
  binary("mul", mul),
  binary("div", div),
  binary("min", min),
  binary("max", max),
  binary("select", (x, y) => select(lt(x, y), mul(x, x), mul(y, x))),
  {
    kind: "map",
    name: "coordinates and a repeated input",
    weights: { x: axes("D 3") },
    build: (g, { x }) => g.map([x!, x!], (a, b) => mul(mul(a, b), index("T")), { axes: axes("T 2", "D 3") }),
  },
  {
    kind: "map",
    name: "broadcast along an axis nothing varies over",
    weights: { x: axes("D 3"), y: axes("T 2") },
    build: (g, { x, y }) => g.map([x!, y!], add, { axes: axes("T 2", "D 3", "E 2") }),
  },
  { kind: "reduce", name: "sum", weights: { x: axes("T 2", "D 3") }, build: (g, { x }) => g.reduce("sum", x!, ["T"]) },
  { kind: "reduce", name: "max", weights: { x: axes("T 2", "D 3") }, build: (g, { x }) => g.reduce("max", x!, ["D"]) },
  {
    kind: "contract",
    name: "matmul",
    weights: { x: axes("T 2", "D 3"), w: axes("F 4", "D 3") },
    build: (g, { x, w }) => g.contract(x!, w!, ["D"]),
  },
  {
    kind: "contract",
    name: "batched, two summed axes",
    weights: { a: axes("B 2", "T 2", "D 3", "F 2"), b: axes("F 2", "B 2", "D 3") },
    build: (g, { a, b }) => g.contract(a!, b!, ["D", "F"]),
  },
  {
    kind: "contract",
    name: "outer product",
    weights: { a: axes("A 2"), b: axes("B 3") },
    build: (g, { a, b }) => g.contract(a!, b!, []),
  },
  {
    kind: "contract",
    name: "grouped rows, an expert without any",
    weights: { x: axes("R 4", "C 2"), w: axes("E 3", "F 2", "C 2") },
    tables: { offsets: { axes: axes("E+1 4"), values: [0, 2, 2, 3] } },
    build: (g, { x, w }, t) => g.contract(x!, w!, ["C"], { group: routed, offsets: t.offsets! }),
  },
  {
    kind: "contract",
    name: "one expert has all rows",
    weights: { x: axes("R 4", "C 2"), w: axes("E 3", "F 2", "C 2") },
    tables: { offsets: { axes: axes("E+1 4"), values: [0, 0, 4, 4] } },
    build: (g, { x, w }, t) => g.contract(x!, w!, ["C"], { group: routed, offsets: t.offsets! }),
  },
  {
    kind: "contract",
    name: "summed run by run",
    weights: { a: axes("R 4", "F 2"), b: axes("R 4", "C 3") },
    tables: { offsets: { axes: axes("E+1 4"), values: [0, 2, 2, 3] } },
    build: (g, { a, b }, t) => g.contract(a!, b!, ["R"], { group: routed, offsets: t.offsets! }),
  },
  {
    kind: "view",
    name: "split",
    weights: { x: axes("T 2", "D 4") },
    build: (g, { x }) => g.view(x!, axes("U 4", "C 2")),
  },
  {
    kind: "take",
    name: "rows that repeat",
    weights: { x: axes("N 3", "C 2") },
    tables: { i: { axes: axes("I 2", "J 2"), values: [2, -1, 2, 0] } },
    build: (g, { x }, t) => g.take(x!, t.i!),
  },
  {
    kind: "take",
    name: "divided",
    weights: { x: axes("N 3", "C 2") },
    tables: { i: { axes: axes("I 3"), values: [5, 1, 4] } },
    build: (g, { x }, t) => g.take(x!, t.i!, { divide: 2 }),
  },
  {
    kind: "take",
    name: "into sorted rows and back, by inverses",
    weights: { x: axes("U 3", "C 2") },
    tables: { edges },
    build: (g, { x }, t) => {
      const { rows, slots } = g.partition(t.edges!, three);
      const sorted = g.map([g.take(x!, rows, { divide: 2, inverse: slots })], (a) => mul(a, a));
      return g.take(sorted, slots, { inverse: rows });
    },
  },
  {
    kind: "scatterAdd",
    name: "rows that meet",
    weights: { x: axes("I 3", "C 2") },
    tables: { i: { axes: axes("I 3"), values: [1, -1, 1] } },
    build: (g, { x }, t) => g.scatterAdd(x!, t.i!, { name: "N", size: 2 }),
  },
  {
    kind: "scatterAdd",
    name: "weighted, every row twice",
    weights: { x: axes("I 3", "C 2"), w: axes("I 3", "L 2") },
    tables: { i: { axes: axes("I 3", "L 2"), values: [1, -1, 1, 0, 0, 1] } },
    build: (g, { x, w }, t) => g.scatterAdd(x!, t.i!, { name: "N", size: 2 }, w!),
  },
  {
    kind: "pick",
    name: "several",
    weights: { x: axes("U 3", "E 3") },
    tables: { edges },
    build: (g, { x }, t) => g.pick(x!, t.edges!, "E"),
  },
  {
    kind: "pick",
    name: "one",
    weights: { x: axes("U 3", "E 3") },
    tables: { i: { axes: axes("U 3"), values: [1, 0, 2] } },
    build: (g, { x }, t) => g.pick(x!, t.i!, "E"),
  },
  {
    kind: "spread",
    name: "edges to experts",
    weights: { w: axes("U 3", "K 2") },
    tables: { edges },
    build: (g, { w }, t) => g.spread(w!, t.edges!, { axis: three, over: "K" }),
  },
  {
    kind: "rope",
    name: "two heads",
    weights: { x: axes("T 4", "Q 8") },
    tables: {},
    build: (g, { x }) => {
      const angle = (f: (x: Expr) => Expr) =>
        g.map([], () => f(add(mul(index("S"), 0.5), index("J"))), { axes: axes("S 2", "J 2") });
      return g.rope(
        x!,
        angle(cos),
        angle((a) => cos(sub(a, Math.PI / 2))),
        { headDim: 4, inverse: false },
      );
    },
  },
  attention("causal", 2, 2, true),
  attention("grouped heads", 4, 2, true),
  attention("both ways", 2, 1, false),
  attention("window", 2, 2, true, 2),
  { kind: "map", name: "softmax", weights: { x: axes("T 2", "E 4") }, build: (g, { x }) => softmax(g, x!) },
  {
    kind: "map",
    name: "softmax over legal entries, a row without any",
    weights: { x: axes("T 3", "E 3") },
    tables: { legal: { axes: axes("T 3", "E 3"), values: [1, 0, 1, 0, 1, 0, 0, 0, 0] } },
    build: (g, { x }, t) => softmax(g, x!, { legal: t.legal, mayBeEmpty: true }),
  },
  {
    kind: "map",
    name: "logSumExp over legal entries",
    weights: { x: axes("T 2", "E 3") },
    tables: { legal: { axes: axes("T 2", "E 3"), values: [1, 0, 1, 0, 1, 0] } },
    build: (g, { x }, t) => logSumExp(g, x!, { legal: t.legal }),
  },
  {
    kind: "map",
    name: "crossEntropy",
    weights: { x: axes("T 2", "V 4") },
    tables: { target: { axes: axes("T 2"), values: [3, 0] } },
    build: (g, { x }, t) => crossEntropy(g, x!, t.target!),
  },
  {
    kind: "map",
    name: "rmsNorm",
    weights: { x: axes("T 2", "D 4"), w: axes("D 4") },
    build: (g, { x, w }) => rmsNorm(g, x!, w!, 1e-3),
  },
  {
    kind: "map",
    name: "layerNorm",
    weights: { x: axes("T 2", "D 4"), w: axes("D 4") },
    build: (g, { x, w }) => layerNorm(g, x!, w!, 1e-3),
  },
];

describe("gradients against finite differences", () => {
  for (const each of cases) it(`${each.kind}: ${each.name}`, () => check(each));

  it("leaves no op with a gradient out", () => {
    const covered = new Set(cases.map((c) => c.kind));
    expect(kinds.filter((kind) => definitionOf(kind).gradient !== undefined && !covered.has(kind))).toEqual([]);
  });
});

/** loss = Σ c·y with fixed random c; every gradient of every weight by central differences. */
function check({ name, weights, tables = {}, positive, build }: Case): void {
  const next = noise(name.length * 7 + name.charCodeAt(0));
  const leaves = new Map<string, Tensor>();
  const g = createBuilder();
  const given: Record<string, Value> = {};
  const fixed: Record<string, Value> = {};
  for (const [key, shape] of Object.entries(weights)) {
    given[key] = g.param(key, shape, { kind: "zeros" }, "matrices");
    leaves.set(
      key,
      randomTensor(shape, () => (positive ? 1.5 + 0.9 * next() : 1.7 * next())),
    );
  }
  for (const [key, table] of Object.entries(tables)) {
    fixed[key] = g.data(key, { kind: "rope", base: 1, part: "cos" }, table.axes, "i32");
    leaves.set(key, tensor(table.axes, table.values, "i32"));
  }
  const y = build(g, given, fixed);
  const c = g.data("c", { kind: "rope", base: 1, part: "cos" }, y.axes, "f32");
  leaves.set("c", randomTensor(y.axes, next));
  const loss = g.reduce(
    "sum",
    g.map([y, c], mul, { axes: y.axes }),
    y.axes.map((a) => a.name),
  );
  const forward = verify(g.finish({ outputs: new Map([["loss", loss]]) }));
  const graph = verify(differentiate(forward));
  const grads = interpret(graph, leaves).outputs;
  const at = (): number => interpret(forward, leaves).outputs.get("loss")!.data[0]!;
  for (const [key, shape] of Object.entries(weights)) {
    const x = leaves.get(key)!;
    for (let i = 0; i < sizeOf(shape); i++) {
      const was = x.data[i]!;
      const h = 1e-5;
      x.data[i] = was + h;
      const up = at();
      x.data[i] = was - h;
      const slope = (up - at()) / (2 * h);
      x.data[i] = was;
      const got = grads.get(`grad.${key}`)!.data[i]!;
      expect(Math.abs(got - slope), `${name}: d ${key}[${i}] is ${got}, should be ${slope}`).toBeLessThan(
        1e-6 * Math.max(1, Math.abs(slope)),
      );
    }
  }
}
