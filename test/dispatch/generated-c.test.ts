/** Every strategy and rewrite in generated C: outputs and gradients against the interpreter. */
import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/3-graph/gradient.js";
import { dispatch } from "../../src/4-dispatch/dispatch.js";
import { routerRewrites } from "../../src/4-dispatch/rewrites/index.js";
import { compareAll, withPrefix } from "../numerics/agree-many.js";
import { buildMixture, type Case, legalFor, lowered } from "./mixture.js";
import { buildLayer, designOf } from "./router.js";

const swiglu = (count: number, hidden = 20) => ({ kind: "swiglu", count, hidden });
const size = { units: 50, width: 24, edges: 2 };

const cases: Readonly<Record<string, Case>> = {
  "two of six": { ...size, groups: [swiglu(6)], route: (u) => [u % 6, u % 4 === 0 ? -1 : (u + 1) % 6] },
  "one of six, one without tokens": { ...size, edges: 1, groups: [swiglu(6)], route: (u) => [u % 5] },
  "mixed kinds": {
    ...size,
    groups: [swiglu(4), { kind: "copy", count: 1 }, { kind: "constant", count: 2 }],
    route: (u) => [u % 7, (u + 3) % 7],
  },
  "biases and a clamp": {
    ...size,
    groups: [{ ...swiglu(6), bias: true, clamp: 1 }],
    route: (u) => [u % 6, (u + 1) % 6],
  },
  "biases, and edges dropped": {
    ...size,
    groups: [{ ...swiglu(6), bias: true }],
    route: (u) => (u % 3 === 0 ? [u % 6, -1] : [-1, -1]),
  },
  "weights on the input": { ...size, weightOnInput: true, groups: [swiglu(6)], route: (u) => [u % 6, (u + 1) % 6] },
  "all experts in order": { ...size, edges: 6, groups: [swiglu(6)], route: () => [0, 1, 2, 3, 4, 5] },
  "many neurons": { ...size, groups: [{ kind: "neuron", count: 40 }], route: (u) => [u % 40, (u + 1) % 40] },
};

/** Everything in one build; names of results that are not those of the interpreter. */
async function wrong(all: Parameters<typeof compareAll>[0]): Promise<readonly (readonly [string, number])[]> {
  return [...(await compareAll(all, "native"))].filter(([, d]) => !(d < 1e-4));
}

describe.each(Object.entries(cases))("%s", (_, each) => {
  it("every strategy", async () => {
    const mixture = buildMixture(each);
    const strategies = legalFor(mixture);
    const all = strategies.map((strategy) =>
      withPrefix(strategy.name.replaceAll("-", "_"), lowered(mixture, strategy), mixture.leaves),
    );
    expect(all.length).toBeGreaterThan(3);
    expect(await wrong(all)).toEqual([]);
  });
});

const others = (name: string) => routerRewrites.map((each) => each.name).filter((each) => each !== name);

describe("rewrites", () => {
  const router = `
    score linear
    mask Visible[token_id]
    gate softmax over visible
    select top(1) per token
    weight gate
    limit none
    balance switch(0.01) over visible`;
  const mixed = designOf({ tiers: "tier frequent when (coverage <= 70%) sees 3\ntier rare otherwise sees 1", router });
  const single = designOf({ tiers: "tier all otherwise sees 1", router });
  const seesMixed = (v: number) => (v % 3 === 0 ? [v % 6, (v + 1) % 6, (v + 4) % 6] : [(v * 5) % 6]);

  it.each([
    { rewrite: "skip-known-scores", name: "", layer: { sees: seesMixed }, design: mixed },
    {
      rewrite: "skip-known-scores",
      name: ", two edges, a bias",
      layer: { sees: seesMixed, k: 2, bias: true },
      design: mixed,
    },
    { rewrite: "skip-known-scores", name: ", all known", layer: { sees: (v: number) => [v % 6] }, design: mixed },
    { rewrite: "score-visible", name: "", layer: { sees: seesMixed }, design: mixed },
    {
      rewrite: "score-visible",
      name: ", two edges, a bias",
      layer: { sees: seesMixed, k: 2, bias: true },
      design: mixed,
    },
    { rewrite: "one-legal-expert", name: "", layer: { sees: (v: number) => [(v * 5) % 6] }, design: single },
  ])("$rewrite$name", async ({ rewrite, layer, design }) => {
    const { graph, leaves } = buildLayer({ ...layer, units: 70 });
    const options = { always: [rewrite], without: others(rewrite), strategies: { Mixture: "sorted-grouped" } };
    const { graph: done, choices } = dispatch(graph, design, options);
    expect(choices[0]!.rewrites.filter(({ applied }) => applied)).toHaveLength(1);
    expect(await wrong([withPrefix("layer", differentiate(done), leaves)])).toEqual([]);
  });
});
