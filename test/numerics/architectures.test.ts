/** Architecture words as generated C: outputs and gradients are those of the interpreter. */
import { describe, expect, it } from "vitest";
import { checkSpec, graphsOf } from "../../src/pipeline.js";
import { moaWithAll } from "../designs/papers/moa.js";
import { mor1e } from "../designs/papers/mor1e.js";
import { designOf, leavesOf as leavesOfPaper, programOf } from "../designs/small.js";
import { architectures, SEQ } from "../graph/whole/architectures.js";
import { leavesOf } from "../graph/whole/designs.js";
import { built, compare } from "./agree.js";

/** One of each word that leads to kernels of its own. */
const chosen = architectures.filter(({ name }) =>
  /previous\.Attend|^grouped|^GPT|^blocks|^dropout|^Mixture-of-Depths|^two blocks/.test(name),
);

describe.each(chosen)("$name", ({ text }) => {
  it(`as ${built}`, async () => {
    const { design } = checkSpec({ path: "small.moe", text });
    const graph = graphsOf(design!, { batch: 2, seq: SEQ, programs: ["trace"] }).graphs.trace!;
    const far = await compare(graph, leavesOf(graph), built);
    // without rope a bias of all keys moves every score alike: its gradient is 0 but for rounding
    const smooth = [...far].filter(([name]) => !name.endsWith("k.bias"));
    expect(smooth.filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});

it.each([
  ["attention as a mixture", moaWithAll, "MoA"],
  ["a vector for each document", mor1e, "MoR1E"],
] as const)("%s", async (_, { set, ...rest }, model) => {
  const paper = { ...rest, set: { ...set, [`${model}.repeat`]: "1 of Layer" } };
  const graph = programOf(designOf(paper), "trace");
  const far = await compare(graph, leavesOfPaper(graph, paper), built);
  expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
});

it("finds the sequence of a token where 1 / S cannot be written exactly", async () => {
  // in f32, 41 · (1 / 41) is less than 1
  const { text } = architectures.find(({ name }) => name.startsWith("Mixture-of-Depths, half"))!;
  const { design } = checkSpec({ path: "small.moe", text: text.replace(`context = ${SEQ}`, "context = 41") });
  const graph = graphsOf(design!, { batch: 3, programs: ["evaluate"] }).graphs.evaluate!;
  const far = await compare(graph, leavesOf(graph), built);
  expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
});
