/** The shipped designs at small sizes and every routing rule, in WGSL on the software adapter: equal to the interpreter. */
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../../src/3-graph/programs.js";
import { verify } from "../../../src/3-graph/verify.js";
import { dispatch } from "../../../src/4-dispatch/dispatch.js";
import { graphsOf } from "../../../src/pipeline.js";
import { softwareClass } from "../../../src/targets/wgsl/limits.js";
import { moaWithAll } from "../../designs/papers/moa.js";
import { leavesOf as leavesOfPaper, programOf, designOf as smallOf } from "../../designs/small.js";
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

it.skipIf(typeof software === "string")("attention as a mixture", async () => {
  const paper = { ...moaWithAll, set: { ...moaWithAll.set, "MoA.repeat": "1 of Layer" } };
  const graph = programOf(smallOf(paper), "trace");
  const far = await compareOnGpu(graph, leavesOfPaper(graph, paper), profile);
  expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
});

it("the optimiser of many small tensors is a loop over them", () => {
  const { spec, set } = designCases[0]!;
  const graph = graphsOf(designOf(spec, set), { batch: 2, programs: ["train"] }).graphs.train!;
  const { code } = emit({ run: graph }, profile).kernels.find(({ name }) => name === "optimizer_norm_adamw")!;
  // a sum of all squares, and the updates of tensors of each shape
  expect(code.match(/tensor < \d+u/g)?.length).toBeGreaterThanOrEqual(3);
});

/** PEER with more experts than a workgroup can count, one block of it. */
const manyExperts = {
  "Peer.vocab": "261",
  "Peer.context": "10",
  "Peer.d_model": "12",
  "Attend.heads": "2",
  "FeedForward.ffn": "swiglu(hidden: 8)",
  "Mixture.experts": "1296 of neuron",
  "Mixture.router.score": "product_keys(36, width: 4, heads: 2)",
  "Mixture.router.select": "top(2) per token",
  "Pretrain.tokenizer": "bpe(vocab: 261)",
};

it.skipIf(typeof software === "string")("PEER with 1,296 experts: one training step", async () => {
  const graph = graphsOf(designOf("peer", manyExperts), {
    batch: 1,
    programs: ["train"],
    dispatch: { Mixture: "sorted-grouped" },
  }).graphs.train!;
  const sorts = emit({ run: graph }, profile).kernels.filter(({ passes }) =>
    passes.some((p) => p.entry === "add_experts"),
  );
  expect(sorts.length).toBeGreaterThan(0);
  const far = await compareOnGpu(
    graph,
    leavesFor(graph, 261, () => 1),
    profile,
  );
  expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
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
  it.each(Object.entries(routerCases))("%s", async (_, words) => {
    const design = routerDesign(words);
    const graph = verify(buildProgram(design, "trace", { batch: 2, seq: 6 }, (g) => dispatch(g, design).graph));
    const leaves = leavesOf(graph);
    for (const name of ["seed", "step"]) leaves.get(name)?.data.fill(3);
    const far = await compareOnGpu(graph, leaves, profile);
    expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});
