/** The seed designs at small sizes and further routing rules, as CUDA on the emulated machine: equal to the interpreter, and to themselves. */
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../../src/3-graph/programs.js";
import { verify } from "../../../src/3-graph/verify.js";
import { dispatch } from "../../../src/4-dispatch/dispatch.js";
import { graphsOf } from "../../../src/pipeline.js";
import { leavesOf, designOf as routerDesign } from "../../graph/whole/designs.js";
import { designCases, designOf, leavesFor } from "../../numerics/designs.js";
import { routerCases } from "../../numerics/router-cases.js";
import { compareEmulated, emit, runEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

const skip = whyNoEmulation !== undefined;

describe.skipIf(skip)("shipped designs in CUDA", () => {
  it.each(designCases)("$name: one training step", async ({ spec, set, visible }) => {
    const graph = graphsOf(designOf(spec, set), { batch: 2, programs: ["train"] }).graphs.train!;
    const far = await compareEmulated(graph, leavesFor(graph, 261, visible));
    expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
  });
});

it.skipIf(skip)("a training step is the same bit by bit, whichever thread and block goes first", async () => {
  const { spec, set, visible } = designCases[1]!;
  const graph = graphsOf(designOf(spec, set), { batch: 2, programs: ["train"] }).graphs.train!;
  const leaves = leavesFor(graph, 261, visible);
  const program = emit({ run: graph });
  const [one, two] = [await runEmulated(program, leaves), await runEmulated(program, leaves, true)];
  expect(one.size).toBeGreaterThan(20);
  expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0).map(([name]) => name)).toEqual(
    [],
  );
});

/** What no shipped spec has (`shipped.test.ts`): each takes seconds to build. */
const others = ["top p", "ReLU", "noisy", "cosine", "mutual information", "soft: all experts", "by steps"];

describe.skipIf(skip)("routers in CUDA", () => {
  it.each(Object.entries(routerCases).filter(([name]) => others.includes(name)))("%s", async (_, words) => {
    const design = routerDesign(words);
    const graph = verify(buildProgram(design, "trace", { batch: 2, seq: 6 }, (g) => dispatch(g, design).graph));
    const leaves = leavesOf(graph);
    for (const name of ["seed", "step"]) leaves.get(name)?.data.fill(3);
    const far = await compareEmulated(graph, leaves);
    expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});
