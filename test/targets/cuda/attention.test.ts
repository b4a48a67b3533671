/** Attention on emulated tensor cores, forward and backward: equal to the interpreter as far as bf16 goes, at every kind of edge. */
import { describe, expect, it } from "vitest";
import { createBuilder } from "../../../src/3-graph/builder.js";
import { add, mul } from "../../../src/3-graph/expr-build.js";
import { differentiate } from "../../../src/3-graph/gradient.js";
import type { Graph, Value } from "../../../src/3-graph/graph.js";
import { randomLeaves } from "../../numerics/agree.js";
import { compareEmulated, emit, runEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

interface Shape {
  readonly batch: number;
  readonly seq: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly causal: boolean;
  readonly window?: number;
}

/** Σ attention(q, k, v) · probe of all shapes, with all gradients: one program, because each takes seconds to build. */
function graphOf(all: readonly Shape[]): Graph {
  const g = createBuilder();
  const init = { kind: "normal", std: 1 } as const;
  const outputs = new Map<string, Value>();
  const losses = all.map(({ batch, window, ...shape }, i) => {
    const T = { name: `T${i}`, size: batch * shape.seq };
    const one = (name: string, heads: number) =>
      g.param(`${name}.${i}`, [T, { name: `${name}${i}`, size: heads * shape.headDim }], init, "matrices");
    const [q, k, v] = [one("q", shape.heads), one("k", shape.kvHeads), one("v", shape.kvHeads)];
    const o = g.attention(q, k, v, { ...shape, window, scale: 1 / Math.sqrt(shape.headDim) });
    outputs.set(`o.${i}`, o);
    const probed = g.map([o, g.input(`probe.${i}`, o.axes)], (a, p) => mul(a, p));
    return g.reduce(
      "sum",
      probed,
      o.axes.map((a) => a.name),
    );
  });
  const loss = losses.reduce((sum, each) => g.map([sum, each], add));
  return differentiate(g.finish({ outputs: new Map([["loss", loss], ...outputs]) }));
}

const shapes: readonly Shape[] = [
  { batch: 2, seq: 70, heads: 2, kvHeads: 2, headDim: 32, causal: true },
  {
    batch: 1,
    seq: 150,
    heads: 4,
    kvHeads: 2,
    headDim: 16,
    causal: true,
    window: 37,
  },
  { batch: 3, seq: 9, heads: 1, kvHeads: 1, headDim: 64, causal: false },
  { batch: 1, seq: 66, heads: 1, kvHeads: 1, headDim: 128, causal: true },
  // filled up to whole steps: whole eights, and ends within one
  { batch: 1, seq: 66, heads: 2, kvHeads: 1, headDim: 24, causal: true },
  { batch: 1, seq: 11, heads: 3, kvHeads: 3, headDim: 6, causal: false },
  { batch: 1, seq: 70, heads: 2, kvHeads: 1, headDim: 100, causal: true, window: 9 },
];

describe.skipIf(whyNoEmulation !== undefined)("attention on tensor cores", () => {
  const graph = graphOf(shapes);
  const program = emit({ run: graph }, "bf16");
  const leaves = randomLeaves(graph, new Map(), 5, 1);
  const attention = (p: typeof program) => p.kernels.filter((k) => /attention/.test(k.name));

  it("equals the interpreter: a tail, grouped queries and a window, nothing causal, wide heads, odd heads", async () => {
    expect(attention(program).length).toBe(2 * shapes.length);
    expect(attention(program).every((k) => k.tensor)).toBe(true);
    const far = await compareEmulated(graph, leaves, "bf16");
    expect(far.size).toBe(1 + 4 * shapes.length);
    expect([...far].filter(([name, d]) => name !== "loss" && !(d < 0.02))).toEqual([]);
    expect(far.get("o.0")).toBeGreaterThan(1e-5);
  });
  it("is the same bit by bit, whichever thread and block goes first", async () => {
    const [one, two] = [await runEmulated(program, leaves), await runEmulated(program, leaves, true)];
    expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
  });
  it.each([
    { headDim: 136, why: "heads of 136 are wider than 128" },
    { headDim: 7, why: "heads of 7 have no pairs of neighbours" },
  ])("is left to f32 where tensor cores cannot have it: $why", ({ headDim, why }) => {
    const plain = attention(emit({ run: graphOf([{ ...shapes[0]!, headDim }]) }, "bf16"));
    expect(plain.map((k) => [k.tensor, k.whyPlain])).toEqual(plain.map(() => [false, why]));
  });
});
