/** Single operations in WGSL at awkward sizes: what whole designs do not reach, or reach only at one size. */
import { describe, expect, it } from "vitest";
import { createBuilder, type GraphBuilder } from "../../../src/3-graph/builder.js";
import { crossEntropy } from "../../../src/3-graph/compose/cross-entropy.js";
import { softmax } from "../../../src/3-graph/compose/softmax.js";
import * as e from "../../../src/3-graph/expr-build.js";
import { differentiate } from "../../../src/3-graph/gradient.js";
import type { Axis, Value } from "../../../src/3-graph/graph.js";
import { type Tensor, tensor } from "../../../src/3-graph/tensor.js";
import { portable, softwareClass, type WgslProfile } from "../../../src/targets/wgsl/limits.js";
import { type Leaves, randomLeaves } from "../../numerics/agree.js";
import { mixtures, transformers } from "../../numerics/graphs.js";
import { compareOnGpu, emit, software } from "./agree.js";

const axis = (name: string, size: number): Axis => ({ name, size });
const init = { kind: "normal", std: 0.02 } as const;
/** whole numbers that look unordered */
const scrambled = (n: number, below: number): number[] =>
  Array.from({ length: n }, (_, i) => (i * i * 5 + i * 3 + 1) % below);

interface Case {
  readonly build: (g: GraphBuilder) => Readonly<Record<string, Value>>;
  readonly given?: Readonly<Record<string, Tensor>>;
  /** also the gradient of the output `loss` */
  readonly gradient?: boolean;
  readonly scale?: number;
}

async function far(
  { build, given = {}, gradient, scale }: Case,
  profile?: WgslProfile,
): Promise<(readonly [string, number])[]> {
  const g = createBuilder();
  const outputs = g.within({ scope: "layers.0.mixture", role: "x" }, () => build(g));
  const forward = g.finish({ outputs: new Map(Object.entries(outputs)) });
  const graph = gradient ? differentiate(forward) : forward;
  const leaves: Leaves = randomLeaves(graph, new Map(Object.entries(given)), 5, scale);
  return [...(await compareOnGpu(graph, leaves, profile))].filter(([, d]) => !(d < 1e-4));
}

/** Σ values · fixed numbers: a loss whose gradient differs everywhere. */
function weighed(g: GraphBuilder, x: Value): Value {
  return g.reduce(
    "sum",
    g.map([x, g.input(`probe.${x.id}`, x.axes)], (a, p) => e.mul(a, p)),
    x.axes.map((a) => a.name),
  );
}

const [T, D] = [axis("T", 70), axis("D", 37)];
const edgesOf = (g: GraphBuilder, rows: Axis, k: number): Value => g.input("edges", [rows, axis("K", k)], "i32");
const edges = (rows: number, k: number, expert: (i: number) => number): Tensor =>
  tensor(
    [axis("T", rows), axis("K", k)],
    Array.from({ length: rows * k }, (_, i) => expert(i)),
    "i32",
  );

const functions: Readonly<Record<string, (x: e.Term) => ReturnType<typeof e.neg>>> = {
  neg: e.neg,
  exp: e.exp,
  abs: e.abs,
  tanh: (x) => e.tanh(e.mul(x, 40)),
  sigmoid: (x) => e.sigmoid(e.mul(x, 60)),
  erf: (x) => e.erf(e.mul(x, 3)),
  cos: (x) => e.cos(e.mul(x, 9)),
  floor: (x) => e.floor(e.mul(x, 5)),
  sign: e.sign,
  log: (x) => e.log(e.add(e.abs(x), 0.01)),
  sqrt: (x) => e.sqrt(e.abs(x)),
  rsqrt: (x) => e.rsqrt(e.add(e.abs(x), 0.01)),
  recip: (x) => e.recip(e.add(e.abs(x), 0.01)),
  not: (x) => e.not(e.lt(x, 0)),
  and: (x) => e.and(e.lt(x, 0.2), e.le(-0.2, x)),
  or: (x) => e.or(e.lt(x, -0.2), e.eq(x, 0)),
  "min, max": (x) => e.min(e.max(x, -0.1), 0.1),
  select: (x) => e.select(e.lt(x, 0), e.mul(x, 2), e.sub(x, 1)),
};

const attend = (shape: {
  seq: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  causal: boolean;
  window?: number;
}): Case => ({
  gradient: true,
  build: (g) => {
    const rows = axis("T", 2 * shape.seq);
    const weights = (name: string, heads: number) =>
      g.param(name, [rows, axis(name.toUpperCase(), heads * shape.headDim)], init, "matrices");
    const o = g.attention(weights("q", shape.heads), weights("k", shape.kvHeads), weights("v", shape.kvHeads), {
      ...shape,
      window: shape.window,
      scale: 1 / Math.sqrt(shape.headDim),
    });
    return { o, loss: weighed(g, o) };
  },
});

const sorted = (rows: number, k: number, experts: number, expert: (i: number) => number): Case => ({
  given: { edges: edges(rows, k, expert) },
  build: (g) => {
    const chosen = edgesOf(g, axis("T", rows), k);
    return { ...g.partition(chosen, axis("E", experts)), load: g.histogram(chosen, axis("E", experts)) };
  },
});

const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(functions).map(([name, f]): [string, Case] => [
      `map ${name}`,
      { build: (g) => ({ y: g.map([g.input("x", [T, D])], (x) => f(x)) }) },
    ]),
  ),
  "index in a map": {
    build: (g) => ({
      y: g.map([g.input("x", [T, D])], (x) => e.add(x, e.add(e.index("D"), e.mul(e.index("T"), 100)))),
    }),
  },
  "random numbers": {
    given: { seed: tensor([], [7]), step: tensor([], [12_345]) },
    build: (g) => ({ y: g.random(g.input("seed", []), g.input("step", []), 3, [T, D]) }),
  },
  "sums over rows, columns and everything": {
    build: (g) => {
      const x = g.input("x", [T, D]);
      return {
        rows: g.reduce("sum", x, ["T"]),
        columns: g.reduce("sum", x, ["D"]),
        all: g.reduce("sum", x, ["T", "D"]),
        most: g.reduce("max", x, ["T"]),
        top: g.reduce("max", x, ["D"]),
      };
    },
  },
  "a long line: maps and its sum": {
    build: (g) => {
      const x = g.map([g.input("x", [axis("A", 1203), axis("B", 5)])], (a) => e.mul(a, a));
      return { y: x, all: g.reduce("sum", x, ["A", "B"]) };
    },
  },
  "softmax over a row larger than workgroup memory": {
    gradient: true,
    build: (g) => {
      const p = softmax(g, g.param("x", [axis("T", 3), axis("V", 5003)], init, "matrices"));
      return { p, loss: weighed(g, p) };
    },
  },
  "cross-entropy of many classes": {
    gradient: true,
    given: { targets: tensor([axis("T", 9)], scrambled(9, 1001), "i32") },
    build: (g) => {
      const logits = g.param("x", [axis("T", 9), axis("V", 1001)], init, "matrices");
      return { loss: crossEntropy(g, logits, g.input("targets", [axis("T", 9)], "i32")) };
    },
  },
  "the k best of 130, with equal keys and none at all": {
    given: {
      key: tensor(
        [axis("T", 5), axis("E", 130)],
        Array.from({ length: 650 }, (_, i) =>
          i >= 520 ? Number.NEGATIVE_INFINITY : i % 130 > 126 || i < 260 ? (i * 7) % 11 : Number.NEGATIVE_INFINITY,
        ),
      ),
    },
    build: (g) => ({ best: g.topK(g.input("key", [axis("T", 5), axis("E", 130)]), 6) }),
  },
  "the k best of few": {
    given: { key: tensor([T, axis("E", 5)], scrambled(350, 7)) },
    build: (g) => ({ best: g.topK(g.input("key", [T, axis("E", 5)]), 5) }),
  },
  "sort: 4 experts, 600 edges, some to nobody": sorted(300, 2, 4, (i) => (i % 7 === 0 ? -1 : (i * i) % 4)),
  "sort: 200 experts, most of them empty": sorted(90, 3, 200, (i) => (i * 37) % 200),
  "sort: every edge to one expert": sorted(513, 1, 3, () => 1),
  "sort: no edge at all": sorted(20, 2, 3, () => -1),
  "sort: more experts than a workgroup counts": sorted(300, 2, 1500, (i) => (i % 7 === 0 ? -1 : (i * i) % 1500)),
  "sort: more experts than a workgroup counts, all edges to one": sorted(300, 1, 1500, () => 1499),
  "fixed room, more experts than a workgroup counts": {
    given: { edges: edges(300, 2, (i) => (i % 5 === 0 ? -1 : (i * 4) % 1400)) },
    build: (g) =>
      g.bucket(edgesOf(g, axis("T", 300), 2), axis("E", 1400), axis("P", 2)) as unknown as Record<string, Value>,
  },
  "fixed room per expert": {
    given: { edges: edges(300, 2, (i) => (i % 5 === 0 ? -1 : (i * i) % 7)) },
    build: (g) =>
      g.bucket(edgesOf(g, axis("T", 300), 2), axis("E", 7), axis("P", 45)) as unknown as Record<string, Value>,
  },
  "scatter: some rows often, some never, some to nobody": {
    given: {
      index: tensor(
        [T],
        scrambled(70, 13).map((i) => (i === 4 ? -1 : i)),
        "i32",
      ),
    },
    build: (g) => ({ y: g.scatterAdd(g.input("x", [T, D]), g.input("index", [T], "i32"), axis("N", 17)) }),
  },
  "scatter: weighted, every row to three": {
    given: {
      index: tensor(
        [T, axis("L", 3)],
        scrambled(210, 13).map((i) => (i % 9 === 4 ? -1 : i)),
        "i32",
      ),
    },
    build: (g) => ({
      y: g.scatterAdd(
        g.input("x", [T, D]),
        g.input("index", [T, axis("L", 3)], "i32"),
        axis("N", 13),
        g.input("weight", [T, axis("L", 3)]),
      ),
    }),
  },
  "scatter: all to one": {
    given: { index: tensor([T], new Array<number>(70).fill(2), "i32") },
    build: (g) => ({ y: g.scatterAdd(g.input("x", [T, D]), g.input("index", [T], "i32"), axis("N", 3)) }),
  },
  "batched matrix product": {
    gradient: true,
    build: (g) => {
      const [H, M, N, K] = [axis("H", 3), axis("U", 21), axis("N2", 18), axis("C", 11)];
      const y = g.contract(
        g.param("a", [H, M, K], init, "matrices"),
        g.param("b", [H, N, K], init, "matrices"),
        ["C"],
        { axes: [H, M, N] },
      );
      return { y, loss: weighed(g, y) };
    },
  },
  "attention: keys shared by heads, a window, odd head width": attend({
    seq: 35,
    heads: 6,
    kvHeads: 2,
    headDim: 7,
    causal: true,
    window: 9,
  }),
  "attention: every key seen": attend({ seq: 20, heads: 2, kvHeads: 1, headDim: 12, causal: false }),
  "attention: wide heads, longer than a block": attend({ seq: 70, heads: 1, kvHeads: 1, headDim: 128, causal: true }),
  "attention: one token": attend({ seq: 1, heads: 2, kvHeads: 2, headDim: 4, causal: true }),
};

describe.skipIf(typeof software === "string")("operations in WGSL", () => {
  it.each(Object.entries(cases))("%s", async (_, each) => {
    expect(await far(each)).toEqual([]);
  });
});

describe.skipIf(typeof software === "string")("what a kernel may assume of an adapter", () => {
  it.each([
    "sums over rows, columns and everything",
    "a long line: maps and its sum",
    "softmax over a row larger than workgroup memory",
    "cross-entropy of many classes",
    "the k best of 130, with equal keys and none at all",
  ])("subgroups: %s", async (name) => {
    const profile = { ...portable, subgroups: true };
    const found = await far(cases[name]!, profile);
    expect(found).toEqual([]);
  });
  it("subgroups are only used where they are asked for", () => {
    const texts = (subgroups: boolean): string[] =>
      emit({ run: mixtures[0]!.make().graph }, { ...portable, subgroups }).kernels.map(({ code }) => code);
    expect(texts(true).filter((code) => code.includes("enable subgroups;")).length).toBeGreaterThan(1);
    expect(texts(false).filter((code) => code.includes("subgroup"))).toEqual([]);
  });
  const bad = async (example: (typeof mixtures)[number], profile: WgslProfile): Promise<unknown> => {
    const { graph, leaves } = example.make();
    return [...(await compareOnGpu(graph, leaves, profile))].filter(([, d]) => !(d < 1e-4));
  };
  it("small tiles", async () => {
    expect(await bad(mixtures[0]!, softwareClass)).toEqual([]);
    expect(await bad(transformers[1]!, softwareClass)).toEqual([]);
  });
  const bindings = (example: (typeof mixtures)[number], profile: WgslProfile) =>
    emit({ run: example.make().graph }, profile).kernels.flatMap((k) =>
      k.passes.flatMap((p) => p.bindings.map((b) => b.of)),
    );
  it("few bindings: small tensors share one", async () => {
    const few = { ...softwareClass, storageBuffers: 5 };
    expect(bindings(mixtures[3]!, few).some((of) => of.kind === "pool")).toBe(true);
    expect(await bad(mixtures[3]!, few)).toEqual([]);
  });
  it("many bindings: nobody shares", async () => {
    const many = { ...softwareClass, storageBuffers: 12 };
    expect(bindings(mixtures[3]!, many).some((of) => of.kind === "pool")).toBe(false);
    expect(await bad(mixtures[3]!, many)).toEqual([]);
  });
  it("small bindings: weights lie in several", async () => {
    const small = { ...softwareClass, storageBuffers: 12, binding: 8192 };
    expect(bindings(mixtures[0]!, small).some((of) => of.kind === "param" && of.part !== undefined)).toBe(true);
    expect(await bad(mixtures[0]!, small)).toEqual([]);
  });
});
