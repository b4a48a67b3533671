/**
 * Weights and activations in 16 bits. Packed two in a word they run on the software adapter, against the interpreter; as
 * f16, which no software adapter has, the same texts are checked by two compilers.
 */
import { describe, expect, it } from "vitest";
import { createBuilder } from "../../../src/3-graph/builder.js";
import * as e from "../../../src/3-graph/expr-build.js";
import type { Axis } from "../../../src/3-graph/graph.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import { tensor } from "../../../src/3-graph/tensor.js";
import { compileWgsl } from "../../../src/pipeline.js";
import { figuresOf } from "../../../src/targets/wgsl/figures.js";
import { portable, softwareClass, type WgslProfile } from "../../../src/targets/wgsl/limits.js";
import { designCases, designOf } from "../../numerics/designs.js";
import { mixtures, transformers } from "../../numerics/graphs.js";
import { compareOnGpu, emit, runOnGpu, software } from "./agree.js";

/** 16 bits keep 11 of a number: it is off by up to 2^-12 of itself, a sum of products of two such by a few times that. */
const TOLERANCE = 4e-3;

const examples = [transformers[0]!, mixtures[0]!, mixtures[3]!];

describe.skipIf(typeof software === "string")("16 bits, two in a word", () => {
  it.each(examples)("$name", async ({ make }) => {
    const { graph, leaves } = make();
    const far = await compareOnGpu(graph, leaves, softwareClass, "f16");
    expect([...far].filter(([, d]) => !(d < TOLERANCE))).toEqual([]);
    // and it is 16 bits: a test that f32 would pass as well shows nothing
    expect(Math.max(...far.values())).toBeGreaterThan(1e-5);
  });

  it("by way of workgroup memory", async () => {
    const { graph, leaves } = mixtures[3]!.make();
    const far = await compareOnGpu(graph, leaves, portable, "f16");
    expect([...far].filter(([, d]) => !(d < TOLERANCE))).toEqual([]);
  });

  const axes = { rows: { name: "T", size: 37 }, inner: { name: "F", size: 90 }, outer: { name: "D", size: 31 } };

  /** relu(x W) V, with x and W of a size that 16 bits do not hold if `size` is large. */
  function twoLayers(size: number) {
    const { rows, inner, outer } = axes;
    const g = createBuilder();
    const init = { kind: "normal", std: 1 } as const;
    const x = g.input("x", [rows, outer]);
    const up = g.contract(x, g.param("up.weight", [inner, outer], init, "matrices"), ["D"]);
    const hidden = g.within({ role: "hidden" }, () => g.map([up], (a) => e.max(a, 0)));
    const y = g.within({ role: "down" }, () =>
      g.contract(hidden, g.param("down.weight", [outer, inner], init, "matrices"), ["F"]),
    );
    const graph = g.finish({ outputs: new Map([["y", y]]) });
    const numbers = (list: readonly Axis[], times: number) =>
      tensor(
        list,
        Array.from({ length: list.reduce((n, a) => n * a.size, 1) }, (_, i) => times * Math.sin(i * i + 1)),
      );
    const leaves = new Map([
      ["x", numbers([rows, outer], size)],
      ["up.weight", numbers([inner, outer], size)],
      ["down.weight", numbers([outer, inner], 1)],
    ]);
    return { graph, leaves };
  }

  it("in bindings that show a part each", async () => {
    const { graph, leaves } = twoLayers(1);
    const profile = { ...softwareClass, binding: 4096 };
    const parts = emit({ run: graph }, profile, "f16").kernels.flatMap(
      (k) => k.code.match(/\w+_part1: array<\S+>/g) ?? [],
    );
    expect(parts).toContain("hidden_part1: array<atomic<u32>>");
    expect((await compareOnGpu(graph, leaves, profile, "f16")).get("y")).toBeLessThan(TOLERANCE);
  });

  it("numbers that are too large for them become the largest there are", async () => {
    const { graph, leaves } = twoLayers(400);
    const [got] = await runOnGpu(graph, leaves, softwareClass, 1, "f16");
    const y = new Float32Array(got!.get("output y")!.buffer);
    const up = interpret(graph, leaves);
    expect(y.every(Number.isFinite)).toBe(true);
    const most = Math.max(...y.map(Math.abs));
    expect(most).toBeGreaterThan(65_504);
    expect(up.outputs.get("y")!.data.some((v) => Math.abs(v) > 2 * most)).toBe(true);
  });
});

describe("what is stored in 16 bits", () => {
  const { spec, set } = designCases[0]!;
  const compiled = (compute: string, profile: WgslProfile = portable) => {
    const design = designOf(spec, { ...set, "MaskMoE.dtype": `mixed(params: f32, compute: ${compute}, router: f32)` });
    return compileWgsl(design, { batch: 2, programs: ["train"] }, profile);
  };
  const [whole, small] = [compiled("f32"), compiled("f16")];
  const halves = small.wgsl.buffers.filter((b) => b.dtype === "f16").map((b) => b.name);

  it("weights and activations that products read, beside f32 where a router reads them too; never a gradient", () => {
    expect(halves).toContain("layers.0.mixture.experts.up.weight.f16");
    expect(halves).toContain("layers.0.attend.scores.o");
    expect(halves).toContain("layers.0.mixture.norm.f16");
    expect(halves.filter((name) => /router|\bd_|grad|adam/.test(name))).toEqual([]);
  });

  it("moves fewer bytes, those of the copies included", () => {
    const moved = ({ wgsl, plan }: typeof whole): number => figuresOf(wgsl, plan, "train", 0).bytes_moved;
    expect(moved(small)).toBeLessThan(moved(whole));
  });

  it("is spelled as f16 only where the adapter has it, and not at all where nobody asks", () => {
    expect(compiled("f16", { ...portable, halves: "f16" }).wgsl.needs.features).toEqual(["shader-f16"]);
    expect(small.wgsl.needs.features).toBeUndefined();
    expect(compiled("f32", { ...portable, halves: "f16" }).wgsl).toEqual(whole.wgsl);
    // WGSL has no bf16: f32, as without asking
    expect(compiled("bf16").wgsl.buffers).toEqual(whole.wgsl.buffers);
  });
});
