/** Rewrites of routers: the same numbers as without, and refused as soon as somebody else reads the scores. */
import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/3-graph/gradient.js";
import type { Graph } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import type { Tensor } from "../../src/3-graph/tensor.js";
import { verify } from "../../src/3-graph/verify.js";
import { type Dispatched, type DispatchOptions, dispatch } from "../../src/4-dispatch/dispatch.js";
import { routerRewrites } from "../../src/4-dispatch/rewrites/index.js";
import { leavesOf as leavesFor } from "../graph/whole/designs.js";
import { buildLayer, designOf, type LayerOptions, lineWith, type Spec, trainingGraph } from "./router.js";

const router = `
  score linear
  mask Visible[token_id]
  gate softmax over visible
  select top(1) per token
  weight gate
  limit none
  balance switch(0.01) over visible`;
const mixed: Spec = { tiers: "tier frequent when (coverage <= 70%) sees 3\ntier rare otherwise sees 1", router };
const single: Spec = { tiers: "tier all otherwise sees 1", router };

/** Tokens 0, 3, 6 … see three experts, the others one. */
const seesMixed = (v: number): readonly number[] => (v % 3 === 0 ? [v % 6, (v + 1) % 6, (v + 4) % 6] : [(v * 5) % 6]);
const seesOne = (v: number): readonly number[] => [(v * 5) % 6];

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!) / Math.max(1, Math.abs(v))), 0);

function results({ graph }: Pick<Dispatched, "graph">, leaves: ReturnType<typeof buildLayer>["leaves"]) {
  return interpret(verify(differentiate(graph)), leaves).outputs;
}

/** Names of results that differ between two ways to dispatch one layer; a gradient that is missing is one of zeros. */
function differences(layer: LayerOptions, spec: Spec, a: DispatchOptions, b: DispatchOptions): readonly string[] {
  const { graph, leaves } = buildLayer(layer);
  const one = results(dispatch(graph, designOf(spec), a), leaves);
  const two = results(dispatch(graph, designOf(spec), b), leaves);
  expect([...one.keys()]).toEqual(expect.arrayContaining([...two.keys()]));
  return [...one]
    .filter(([name, { data }]) => {
      const other = two.get(name)?.data ?? (name.startsWith("grad.") ? data.map(() => 0) : []);
      return !(far(data, other) < 1e-10);
    })
    .map(([name]) => name);
}

const record = (graph: Graph, spec: Spec, name: string, options: DispatchOptions = {}) =>
  dispatch(graph, designOf(spec), options).choices[0]!.rewrites.find((each) => each.name === name)!;

const scoring = (graph: Graph): readonly string[] =>
  graph.nodes
    .filter(({ op, at }) => op.kind === "contract" && at.role === "router.scores")
    .map(({ op }) => JSON.stringify(op));

const plain: DispatchOptions = {
  without: routerRewrites.map(({ name }) => name),
  strategies: { Mixture: "one-hot" },
};
const only = (name: string): DispatchOptions => ({
  always: [name],
  without: routerRewrites.map((each) => each.name).filter((each) => each !== name),
});
const skip = only("skip-known-scores");

describe.each(["skip-known-scores", "score-visible"])("%s", (name) => {
  const wish = only(name);
  const layers: Readonly<Record<string, LayerOptions>> = {
    "some tokens see one expert": { sees: seesMixed },
    "two edges, one of them often missing": { sees: seesMixed, k: 2 },
    "a bias on the scores": { sees: seesMixed, bias: true },
    "chosen by score": { sees: seesMixed, chooseByScore: true },
    "every token in the batch sees one": { sees: seesOne, most: 3 },
    "no token in the batch sees one": { sees: () => [0, 2, 5] },
  };
  it.each(Object.entries(layers))("%s: the same outputs and gradients", (_, layer) => {
    expect(record(buildLayer(layer).graph, mixed, name, wish).applied).toBe(true);
    expect(differences(layer, mixed, plain, wish)).toEqual([]);
  });

  it("is refused by a z_loss, which is named with its line", () => {
    const spec = { ...mixed, router: `${router}\nbalance z_loss(1e-3)` };
    const { graph } = buildLayer({ sees: seesMixed, zLoss: "Mixture.router.balance[1]" });
    const { applied, why } = record(graph, spec, name, wish);
    expect({ applied, why }).toEqual({
      applied: false,
      why: `\`balance z_loss(1e-3) (line ${lineWith(spec, "z_loss")})\` needs the scores of every unit`,
    });
    expect(differences({ sees: seesMixed, zLoss: "Mixture.router.balance[1]" }, spec, plain, wish)).toEqual([]);
  });

  it("is refused where the scores are a result", () => {
    const { graph } = buildLayer({ sees: seesMixed, keepScores: true });
    const { applied, why } = record(graph, mixed, name, wish);
    expect(applied).toBe(false);
    expect(why).toBe("the result `layers.0.mixture.router.scores` needs the scores of every unit");
  });

  it("can be turned off, and is left out where it does not pay", () => {
    const { graph } = buildLayer({ sees: seesMixed });
    expect(record(graph, mixed, name, { without: [name] })).toMatchObject({
      applied: false,
      why: "turned off with --no-rewrite",
    });
    expect(record(graph, mixed, name)).toMatchObject({
      applied: false,
      why: expect.stringContaining("more a layer"),
    });
  });
});

describe("every-expert", () => {
  const all = (more: string): Spec => ({
    tiers: mixed.tiers!,
    router: `score linear\n${more}\nselect all\nweight gate`,
  });
  const small = (ids: Tensor): Tensor => ({ ...ids, data: ids.data.map((id) => id % 12) });
  const rewritesOf = (spec: Spec) => {
    const design = designOf(spec);
    const step = trainingGraph(design, 8, 8);
    // who went where is written down by a trace, not by a step
    const outputs = new Map([...step.outputs].filter(([name]) => !name.includes("edges")));
    const { graph, choices } = dispatch({ ...step, outputs }, design);
    return { graph, record: choices[0]!.rewrites.find(({ name }) => name === "every-expert")!, choice: choices[0]! };
  };

  it("leaves no index where all experts run densely", () => {
    const { graph, record: applied, choice } = rewritesOf(all("gate softmax"));
    expect([applied.applied, choice.strategy.name]).toEqual([true, "dense"]);
    expect(graph.nodes.filter(({ op, outputs }) => op.kind !== "input" && outputs[0]!.dtype === "i32")).toEqual([]);
  });

  it("gives the same outputs and gradients", () => {
    const design = designOf(all("gate softmax"));
    const graph = trainingGraph(design, 2, 8);
    const leaves = leavesFor(graph);
    for (const name of ["tokens", "targets"]) leaves.set(name, small(leaves.get(name)!));
    const [one, two] = [{ without: ["every-expert"] }, { always: ["every-expert"] }].map((wish) =>
      results(dispatch(graph, design, wish), leaves),
    );
    expect([...one!].filter(([name, { data }]) => !(far(data, two!.get(name)!.data) < 1e-12))).toEqual([]);
    expect(one!.size).toBeGreaterThan(5);
  });

  it("is refused where a mask takes experts away", () => {
    const { record: refused } = rewritesOf(all("mask Visible[token_id]\ngate softmax over visible"));
    expect(refused).toMatchObject({ applied: false, why: "not all tokens go to every expert" });
  });
});

describe("weigh-inside", () => {
  const wish = only("weigh-inside");
  it.each([
    { name: "one edge", layer: { sees: seesMixed } },
    { name: "two edges, one of them often missing", layer: { sees: seesMixed, k: 2 } },
    { name: "chosen by score", layer: { sees: seesMixed, k: 2, chooseByScore: true } },
  ])("$name: the same outputs and gradients, and rows are not weighed", ({ layer }) => {
    const { graph } = buildLayer(layer);
    const options = { ...wish, strategies: { Mixture: "sorted-grouped" } };
    expect(record(graph, mixed, "weigh-inside", options).applied).toBe(true);
    expect(differences(layer, mixed, plain, options)).toEqual([]);
    const roles = (of: DispatchOptions): number =>
      dispatch(graph, designOf(mixed), of).graph.nodes.filter(
        ({ op, at }) => op.kind === "map" && at.role === "experts.combine" && JSON.stringify(op.expr).includes("mul"),
      ).length;
    expect([roles(options), roles({ ...plain, strategies: options.strategies })]).toEqual([0, 1]);
  });

  it.each([
    [
      "weights on the input",
      { ...mixed, router: router.replace("weight gate", "weight gate on input") },
      "into an expert",
    ],
    ["a bias", { ...mixed, experts: "experts 6 of swiglu(hidden: 5, bias)" }, "add after their last matrix"],
    ["neurons", { ...mixed, experts: "experts 40 of neuron" }, "add after their last matrix"],
    [
      "weights that nothing learns",
      { router: "score linear\ngate softmax\nselect top(1) per token\nweight one" },
      "learns",
    ],
  ] as const)("is refused for %s", (_, spec, why) => {
    const design = designOf(spec);
    const { rewrites } = dispatch(trainingGraph(design, 1, 8), design, wish).choices[0]!;
    expect(rewrites.find(({ name }) => name === "weigh-inside")).toMatchObject({
      applied: false,
      why: expect.stringContaining(why),
    });
  });

  it("pays for experts that are narrower than the units", () => {
    const applied = (hidden: number): boolean => {
      const text = `score linear\ngate softmax\nselect top(2) per token\nweight gate\nbalance switch(0.01)`;
      const design = designOf({ router: text, experts: `experts 6 of swiglu(hidden: ${hidden})`, width: 64 });
      const { rewrites } = dispatch(trainingGraph(design, 64, 8), design).choices[0]!;
      return rewrites.find(({ name }) => name === "weigh-inside")!.applied;
    };
    expect([applied(8), applied(256)]).toEqual([true, false]);
  });
});

describe("what is left of the scores", () => {
  it("skip-known-scores: only the rows that need it", () => {
    const { graph } = buildLayer({ sees: seesMixed });
    expect(scoring(dispatch(graph, designOf(mixed), skip).graph)).toEqual([
      JSON.stringify({ kind: "contract", over: ["C"], group: { rows: "R", experts: "G" } }),
    ]);
    expect(scoring(dispatch(graph, designOf(mixed), plain).graph)).toEqual([
      JSON.stringify({ kind: "contract", over: ["C"] }),
    ]);
  });

  it("score-visible: three products a token", () => {
    const { graph } = buildLayer({ sees: seesMixed });
    const after = dispatch(graph, designOf(mixed), only("score-visible")).graph;
    const products = after.nodes.filter(({ op, at }) => op.kind === "contract" && at.role === "router.scores");
    expect(products.map(({ outputs }) => outputs[0]!.axes.map(({ size }) => size))).toEqual([[17, 3]]);
  });
});

describe("one-legal-expert", () => {
  it.each([
    { name: "chosen by gate", layer: { sees: seesOne } },
    { name: "chosen by score", layer: { sees: seesOne, chooseByScore: true } },
    { name: "more places than experts", layer: { sees: seesOne, k: 3 } },
    { name: "a z_loss keeps the scores", layer: { sees: seesOne, zLoss: "Mixture.router.balance[1]" } },
    { name: "the scores are a result", layer: { sees: seesOne, keepScores: true } },
  ])("$name: the same outputs and gradients", ({ layer }) => {
    expect(differences(layer, single, plain, {})).toEqual([]);
  });

  it("leaves nothing of the router, and the sort waits for nothing", () => {
    const { graph } = buildLayer({ sees: seesOne, units: 600 });
    const { graph: after, choices, idle } = dispatch(graph, designOf(single));
    expect(scoring(after)).toEqual([]);
    expect(after.nodes.some(({ op }) => op.kind === "map" && JSON.stringify(op.expr).includes("exp"))).toBe(false);
    expect(choices[0]!.strategy.name).toBe("table-permuted");
    expect(idle).toEqual(["router.weight"]);
  });

  it("without it the sort waits for the scores", () => {
    const { graph } = buildLayer({ sees: seesOne, units: 600 });
    const { choices } = dispatch(graph, designOf(single), { without: ["one-legal-expert"] });
    expect(choices[0]!.strategy.name).toBe("sorted-grouped");
    expect(choices[0]!.losers.find(({ name }) => name === "table-permuted")!.reason).toContain(
      "by score, not by token id",
    );
  });

  it("a z_loss keeps the scores, and nothing else does", () => {
    const { graph } = buildLayer({ sees: seesOne, zLoss: "Mixture.router.balance[1]" });
    expect(scoring(dispatch(graph, designOf(single)).graph)).toHaveLength(1);
  });

  it("is refused where some tokens see several experts", () => {
    const { graph } = buildLayer({ sees: seesMixed });
    expect(record(graph, mixed, "one-legal-expert")).toMatchObject({
      applied: false,
      why: "some tokens see several experts",
    });
  });
});
