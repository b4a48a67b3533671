/** Every strategy and rewrite in generated C: outputs and gradients against the interpreter. */
import { beforeAll, describe, expect, it } from "vitest";
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
  "weights inside, edges dropped": {
    ...size,
    weightInside: true,
    groups: [swiglu(6), { kind: "copy", count: 1 }],
    route: (u) => (u % 3 === 0 ? [u % 6, -1] : [u % 7, (u + 3) % 7]),
  },
  "all experts in order": { ...size, edges: 6, groups: [swiglu(6)], route: () => [0, 1, 2, 3, 4, 5] },
  "many neurons": { ...size, groups: [{ kind: "neuron", count: 40 }], route: (u) => [u % 40, (u + 1) % 40] },
};

const others = (name: string) => routerRewrites.map((each) => each.name).filter((each) => each !== name);

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

const rewritten = [
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
];

const placed = Object.entries(cases).map(([name, each], i) => {
  const mixture = buildMixture(each);
  const strategies = legalFor(mixture);
  const programs = strategies.map((strategy) =>
    withPrefix(`p${i}_${strategy.name.replaceAll("-", "_")}`, lowered(mixture, strategy), mixture.leaves),
  );
  return { name, prefix: `p${i}_`, programs };
});

const rewrites = rewritten.map(({ rewrite, name, layer, design }, i) => {
  const { graph, leaves } = buildLayer({ ...layer, units: 70 });
  const options = { always: [rewrite], without: others(rewrite), strategies: { Mixture: "sorted-grouped" } };
  const { graph: done, choices } = dispatch(graph, design, options);
  const applied = choices[0]!.rewrites.filter((each) => each.applied).length;
  return {
    name: `${rewrite}${name}`,
    prefix: `r${i}`,
    applied,
    programs: [withPrefix(`r${i}`, differentiate(done), leaves)],
  };
});

// everything in one program: cases share most kernels, which are then built once
let far: ReadonlyMap<string, number>;
beforeAll(async () => {
  far = await compareAll(
    [...placed, ...rewrites].flatMap(({ programs }) => programs),
    "native",
  );
}, 300_000);

/** Names of results that are not those of the interpreter. */
function wrong(prefix: string): readonly (readonly [string, number])[] {
  const mine = [...far].filter(([name]) => name.startsWith(prefix));
  expect(mine.length).toBeGreaterThan(3);
  return mine.filter(([, d]) => !(d < 1e-4));
}

describe("every strategy", () => {
  it.each(placed)("$name", ({ prefix, programs }) => {
    expect(programs.length).toBeGreaterThan(3);
    expect(wrong(prefix)).toEqual([]);
  });
});

describe("rewrites", () => {
  it.each(rewrites)("$name", ({ prefix, applied }) => {
    expect(applied).toBe(1);
    expect(wrong(prefix)).toEqual([]);
  });
});
