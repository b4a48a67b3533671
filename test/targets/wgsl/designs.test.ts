/** The shipped designs at small sizes and every routing rule, in WGSL on the software adapter: equal to the interpreter. */
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../../src/3-graph/programs.js";
import { verify } from "../../../src/3-graph/verify.js";
import { dispatch } from "../../../src/4-dispatch/dispatch.js";
import { graphsOf } from "../../../src/pipeline.js";
import { softwareClass } from "../../../src/targets/wgsl/limits.js";
import { leavesOf, designOf as routerDesign } from "../../graph/whole/designs.js";
import { designCases, designOf, leavesFor } from "../../numerics/designs.js";
import { routerCases } from "../../numerics/router-cases.js";
import { compareOnGpu, emit, runOnGpu, software } from "./agree.js";

// registers matter here, not speed: the adapter's own tiles compile sooner
const profile = softwareClass;

/** Those whose kernels differ; all of them are compared on the cpu target. */
const cases = designCases.filter(({ name }) => !/^MH-MoE$|more edges/.test(name));

describe.skipIf(typeof software === "string")("shipped designs in WGSL", () => {
  it.each(cases)("$name: one training step", async ({ spec, set, visible }) => {
    const graph = graphsOf(designOf(spec, set), { batch: 2, programs: ["train"] }).graphs.train!;
    const far = await compareOnGpu(graph, leavesFor(graph, 261, visible), profile);
    expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
  });
});

it.skipIf(typeof software === "string")("two runs of a training step are equal bit by bit", async () => {
  const { spec, set, visible } = designCases[0]!;
  const graph = graphsOf(designOf(spec, set), { batch: 2, programs: ["train"] }).graphs.train!;
  const leaves = leavesFor(graph, 261, visible);
  const [one, two] = (await runOnGpu(graph, leaves, profile, 2)) as [Map<string, Uint8Array>, Map<string, Uint8Array>];
  expect(one.size).toBeGreaterThan(20);
  expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0).map(([name]) => name)).toEqual(
    [],
  );
});

describe.skipIf(typeof software === "string")("routers in WGSL", () => {
  // one kernel of it has an axis of two sizes, which is refused
  const { "by steps": refused, ...built } = routerCases;
  it("what no kernel can be written for is refused with a code", () => {
    const design = routerDesign(refused!);
    const graph = verify(buildProgram(design, "trace", { batch: 2, seq: 6 }, (g) => dispatch(g, design).graph));
    expect(() => emit({ run: graph }, profile)).toThrow(/MOE5007/);
  });
  it.each(Object.entries(built))("%s", async (_, words) => {
    const design = routerDesign(words);
    const graph = verify(buildProgram(design, "trace", { batch: 2, seq: 6 }, (g) => dispatch(g, design).graph));
    const leaves = leavesOf(graph);
    for (const name of ["seed", "step"]) leaves.get(name)?.data.fill(3);
    const far = await compareOnGpu(graph, leaves, profile);
    expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});
