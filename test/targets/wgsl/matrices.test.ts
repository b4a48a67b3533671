/**
 * Products by way of matrices that a subgroup holds together. No software adapter has them: the texts go through Tint with
 * the feature, and run on the software adapter with a plain WGSL function in place of each of the three built-in ones.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createBuilder } from "../../../src/3-graph/builder.js";
import type { Axis } from "../../../src/3-graph/graph.js";
import { compileWgsl } from "../../../src/pipeline.js";
import { openDawn } from "../../../src/targets/wgsl/adapter.js";
import { type MatrixShape, portable, type WgslProfile } from "../../../src/targets/wgsl/limits.js";
import { profileOf } from "../../../src/targets/wgsl/open.js";
import { MATRICES } from "../../../src/targets/wgsl/program.js";
import { randomLeaves } from "../../numerics/agree.js";
import { designCases, designOf } from "../../numerics/designs.js";
import { mixtures } from "../../numerics/graphs.js";
import { type Compute, compareOnGpu, emit, software } from "./agree.js";

const shape = (component: "f16" | "f32", rows: number, columns: number, steps: number): MatrixShape => ({
  component,
  rows,
  columns,
  steps,
});
const withShapes = (lanes: number, ...shapes: MatrixShape[]): WgslProfile => ({
  ...portable,
  halves: "packed",
  matrices: { lanes, shapes },
});

const TYPE = /subgroup_matrix_(left|right|result)<f\d\d, (\d+), (\d+)>/;

/**
 * The same text with a place in memory of its own for each matrix, and functions in place of the built-in ones. Every lane
 * does the work of all; what f16 would hold is exact in f32.
 */
function inPlainWords(code: string): string {
  if (!TYPE.test(code)) return code;
  const [, steps, rows] = /subgroup_matrix_left<f\d\d, (\d+), (\d+)>/.exec(code)!.map(Number) as [
    number,
    number,
    number,
  ];
  const [, columns] = /subgroup_matrix_right<f\d\d, (\d+), \d+>/.exec(code)!.map(Number) as [number, number];
  const functions = new Set<string>();
  let end = 0;
  const place = (size: number): string => {
    end += size;
    return `${end - size}u`;
  };
  const load = (_: string, name: string, _which: string, across: number, down: number, panel: string, rest: string) => {
    functions.add(`fn load_${panel}(to: u32, at: u32, ordered: bool, stride: u32) -> u32 {
  for (var i = 0u; i < ${down}u; i++) { for (var j = 0u; j < ${across}u; j++) { memory_of_all[to + i * ${across}u + j] = ${panel}[at + i * stride + j]; } }
  return to;
}`);
    return `let ${name} = load_${panel}(${place(across * down)}, ${rest});`;
  };
  const store = (_: string, results: string, at: string, sum: string, stride: string) => {
    functions.add(`fn store_${results}(at: u32, sum: u32, stride: u32) {
  for (var i = 0u; i < ${rows}u; i++) { for (var j = 0u; j < ${columns}u; j++) { ${results}[at + i * stride + j] = memory_of_all[sum + i * ${columns}u + j]; } }
}`);
    return `store_${results}(${at}, ${sum}, ${stride});`;
  };
  const plain = code
    .replace(new RegExp(`var (\\w+): ${TYPE.source};`, "g"), (_, name) => `let ${name} = ${place(rows * columns)};`)
    .replace(new RegExp(`let (\\w+) = subgroupMatrixLoad<${TYPE.source}>\\(&(\\w+), (.*)\\);`, "g"), load as never)
    .replace(/subgroupMatrixStore\(&(\w+), (.*?), (\w+), false, (\w+)\);/g, store)
    .replace(/(\w+) = subgroupMatrixMultiplyAccumulate\((\w+), (\w+), \1\);/g, "multiply_add($2, $3, $1);")
    .replaceAll(/enable (f16|chromium_experimental_subgroup_matrix);/g, "")
    .replaceAll("array<f16,", "array<f32,")
    .replaceAll(" f16(", " f32(");
  const multiply = `fn multiply_add(a: u32, b: u32, sum: u32) {
  for (var i = 0u; i < ${rows}u; i++) { for (var j = 0u; j < ${columns}u; j++) { for (var k = 0u; k < ${steps}u; k++) {
    memory_of_all[sum + i * ${columns}u + j] += memory_of_all[a + i * ${steps}u + k] * memory_of_all[b + k * ${columns}u + j];
  } } }
}`;
  return [plain, `var<private> memory_of_all: array<f32, ${end}>;`, ...functions, multiply].join("\n");
}

const uses = (profile: WgslProfile, compute: Compute) =>
  emit({ run: mixtures[3]!.make().graph }, profile, compute)
    .kernels.flatMap(({ code }) => /subgroup_matrix_left<.*?>/.exec(code)?.[0] ?? [])
    .sort();

/** Several results of one factor beside each other, and a product for each of a batch, at odd sizes. */
function products() {
  const g = createBuilder();
  const init = { kind: "normal", std: 0.1 } as const;
  const [T, D, H] = [axis("T", 70), axis("D", 21), axis("H", 3)];
  const x = g.param("x", [T, D], init, "matrices");
  const results = [37, 5, 64].map((n, i) =>
    g.within({ role: "split" }, () => g.contract(x, g.param(`w${i}`, [axis(`A${i}`, n), D], init, "matrices"), ["D"])),
  );
  const [M, N, C] = [axis("M", 18), axis("N", 35), axis("C", 11)];
  const [a, b] = [g.param("a", [H, M, C], init, "matrices"), g.param("b", [H, N, C], init, "matrices")];
  const batched = g.within({ role: "batched" }, () => g.contract(a, b, ["C"], { axes: [H, M, N] }));
  const graph = g.finish({ outputs: new Map([...results, batched].map((y, i) => [`y${i}`, y])) });
  return { graph, leaves: randomLeaves(graph, new Map(), 3) };
}
const axis = (name: string, size: number): Axis => ({ name, size });

describe.skipIf(typeof software === "string")("the texts with plain functions", () => {
  const cases = [
    { what: "a mixture in f32", example: mixtures[3]!, compute: "f32", shapes: [shape("f32", 8, 16, 4)] },
    { what: "products in f32", example: { make: products }, compute: "f32", shapes: [shape("f32", 16, 8, 8)] },
    {
      what: "a mixture in f16, what is not f16 without matrices",
      example: mixtures[0]!,
      compute: "f16",
      shapes: [shape("f16", 16, 16, 16)],
    },
  ] as const;
  it.each(cases)("$what equals the interpreter", async ({ example, compute, shapes }) => {
    const { graph, leaves } = example.make();
    const profile = withShapes(4, ...shapes);
    const far = await compareOnGpu(graph, leaves, profile, compute, inPlainWords);
    expect([...far].filter(([, d]) => !(d < (compute === "f32" ? 1e-4 : 4e-3)))).toEqual([]);
  });
});

const all = withShapes(128, shape("f32", 8, 8, 8), shape("f16", 16, 16, 16));
const kernelsWith = (kernels: readonly { readonly name: string; readonly code: string }[]): string[] =>
  kernels.filter(({ code }) => TYPE.test(code)).map(({ name }) => name);

describe("the choice of a shape", () => {
  it("f16 where both factors are, otherwise f32, the largest that divides the tile", () => {
    const shapes = [shape("f32", 8, 8, 8), shape("f16", 8, 8, 8), shape("f16", 16, 16, 16), shape("f16", 24, 24, 24)];
    expect(new Set(uses(withShapes(32, ...shapes), "f16"))).toEqual(
      new Set(["subgroup_matrix_left<f16, 16, 16>", "subgroup_matrix_left<f32, 8, 8>"]),
    );
    expect(new Set(uses(withShapes(32, ...shapes), "f32"))).toEqual(new Set(["subgroup_matrix_left<f32, 8, 8>"]));
    expect(uses(withShapes(32, shape("f16", 24, 24, 24)), "f16")).toEqual([]);
    expect(uses(portable, "f16")).toEqual([]);
  });

  it("never for a router", () => {
    const { wgsl } = compileWgsl(designOf(designCases[0]!.spec, designCases[0]!.set), { batch: 2 }, all);
    const names = kernelsWith(wgsl.kernels);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => /(^|_)router_/.test(name))).toEqual([]);
  });

  it("is what the adapter says, where all its subgroups have one size", () => {
    const offered = [
      { componentType: "f16", resultComponentType: "f32", M: 16, N: 8, K: 16 },
      { componentType: "f16", resultComponentType: "f16", M: 16, N: 16, K: 16 },
      { componentType: "u8", resultComponentType: "u32", M: 16, N: 16, K: 32 },
    ];
    const adapter = (least: number, most: number, feature: string) =>
      ({
        limits: {},
        features: new Set([feature]),
        info: { subgroupMatrixConfigs: offered, subgroupMinSize: least, subgroupMaxSize: most },
      }) as unknown as GPUAdapter;
    const found = (least: number, most: number, feature: string = MATRICES) =>
      profileOf({ adapter: adapter(least, most, feature), kind: "gpu", description: "x" }).matrices;
    expect(found(32, 32)).toEqual({ lanes: 32, shapes: [shape("f16", 16, 8, 16)] });
    expect(found(32, 64)).toBeUndefined();
    expect(found(32, 32, "subgroups")).toBeUndefined();
  });
});

describe("the texts themselves", () => {
  it.each(["mask-moe", "mh-moe"])("%s: Tint builds a pipeline of each", async (spec) => {
    const adapter = (await (await openDawn("null")).requestAdapter())!;
    const requiredFeatures = ["shader-f16", "subgroups", MATRICES] as GPUFeatureName[];
    const device = await adapter.requestDevice({ requiredFeatures });
    const model = /^model (\w+)/m.exec(readFileSync(`specs/${spec}.moe`, "utf8"))![1];
    const dtype = { [`${model}.dtype`]: "mixed(params: f32, compute: f16, router: f32)" };
    const { wgsl } = compileWgsl(designOf(spec, dtype), { programs: ["train"] }, { ...all, halves: "f16" });
    expect(wgsl.needs.features).toEqual(["shader-f16", MATRICES]);
    const made = wgsl.kernels.filter(({ code }) => TYPE.test(code));
    expect(made.length).toBeGreaterThan(10);
    for (const { code, passes } of made) {
      const module = device.createShaderModule({ code });
      const wrong = (await module.getCompilationInfo()).messages.filter(({ type }) => type === "error");
      expect(wrong.map(({ message }) => message)).toEqual([]);
      const compute = { module, entryPoint: passes[0]!.entry };
      await device.createComputePipelineAsync({ layout: "auto", compute });
    }
  });
});
