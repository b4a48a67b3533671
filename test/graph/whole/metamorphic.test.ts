/** Designs that must be the same model: one is run with the numbers of the other. */
import { describe, expect, it } from "vitest";
import type { Run } from "../../../src/3-graph/interpreter.js";
import type { Tensor } from "../../../src/3-graph/tensor.js";
import { distance } from "../run.js";
import { designOf, leavesOf, programOf, runProgram, type Words } from "./designs.js";

const router = (lines: string): string => `score linear\n${lines}\nweight gate\nlimit none`;
const table = (sees: number): string => `tier all otherwise sees ${sees}`;
const all = (): readonly number[] => [0, 1, 2, 3];

const plain: Words = { router: router("gate softmax\nselect top(1) per token\nbalance switch(0.01)") };
const masked = (sees: number, k = 1): Words => ({
  tiers: table(sees),
  router: router(
    `mask Visible[token_id]\ngate softmax over visible\nselect top(${k}) per token\nbalance switch(0.01) over visible`,
  ),
});

/** Names of the results that differ; names in one of them only count as well, unless `except` knows them. */
function differences(a: Run, b: Run, except: RegExp = /^$/): string[] {
  const names = new Set([...a.outputs.keys(), ...b.outputs.keys()]);
  return [...names].filter((name) => {
    const [x, y] = [a.outputs.get(name), b.outputs.get(name)];
    return !except.test(name) && !(x && y && distance(x, y) < 1e-11);
  });
}

const numbers = (t: Tensor | undefined): number[] => Array.from(t!.data);

describe("MaskMoE", () => {
  it("in which every token sees every expert is Switch", () => {
    expect(differences(runProgram(masked(4), "trace", all), runProgram(plain, "trace"))).toEqual([]);
  });

  it("in which every token sees one expert is a hash layer with gate 1 and a router that learns nothing", () => {
    const sees = (id: number, layer: number): readonly number[] => [(id * 3 + layer) % 4];
    const one = runProgram({ ...masked(1), router: masked(1).router.replace(/\nbalance.*/, "") }, "trace", sees);
    const hash = runProgram({ tiers: table(1), router: "select Visible[token_id]\nweight one" }, "trace", sees);
    for (const layer of [0, 1]) {
      expect(new Set(numbers(one.outputs.get(`layers.${layer}.mixture.edges.weight`)))).toEqual(new Set([1]));
      expect(new Set(numbers(one.outputs.get(`grad.layers.${layer}.mixture.router.weight`)).map(Math.abs))).toEqual(
        new Set([0]),
      );
    }
    expect(differences(one, hash, /router\.(scores|weight)$/)).toEqual([]);
  });

  it("gives masked experts no weight, no gradient and no tokens", () => {
    const run = runProgram(masked(2, 2), "trace", (id) => [0, 1 + (id % 2)]);
    for (const layer of [0, 1]) {
      expect(numbers(run.outputs.get(`layers.${layer}.mixture.load`))[3]).toBe(0);
      expect(
        numbers(run.outputs.get(`grad.layers.${layer}.mixture.router.weight`))
          .slice(24)
          .map(Math.abs),
      ).toEqual(new Array(8).fill(0));
      const up = numbers(run.outputs.get(`grad.layers.${layer}.mixture.experts.up.weight`));
      expect(up.slice(3 * 40).every((x) => x === 0) && up.slice(0, 40).some((x) => x !== 0)).toBe(true);
    }
  });

  it("removes the edges that find no visible expert", () => {
    const two = runProgram(masked(2, 2), "trace", (id) => [id % 4, (id + 1) % 4]);
    const four = runProgram(masked(2, 4), "trace", (id) => [id % 4, (id + 1) % 4]);
    expect(differences(two, four, /edges/)).toEqual([]);
    const edges = numbers(four.outputs.get("layers.0.mixture.edges.expert"));
    expect(edges.filter((_, i) => i % 4 >= 2).every((e) => e === -1)).toBe(true);
  });
});

describe("MH-MoE", () => {
  const router2 = (per: string): string =>
    `score linear\ngate softmax\nselect top(2) per ${per}\nweight gate\nlimit none\nbalance switch(0.01)`;
  const token: Words = { router: router2("token") };

  it("with one head and nothing around it is a plain mixture", () => {
    const one: Words = { unit: "subtoken(heads: 1, split: identity, merge: identity)", router: router2("subtoken") };
    expect(differences(runProgram(one, "trace"), runProgram(token, "trace"))).toEqual([]);
  });

  it("with one head and unit matrices around it is a plain mixture", () => {
    const one: Words = { unit: "subtoken(heads: 1, split: linear, merge: linear)", router: router2("subtoken") };
    const identity = Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0));
    const run = runProgram(one, "trace", undefined, (leaves) => {
      for (const [name, { data }] of leaves) if (/\.(split|merge)\.weight$/.test(name)) data.set(identity);
    });
    expect(differences(run, runProgram(token, "trace"), /(split|merge)\.weight$/)).toEqual([]);
  });
});

describe("routers that are one another", () => {
  it("softmax over selected scores is the renormalised gate", () => {
    const a: Words = { router: "score linear\nselect top(2) per token\nweight softmax over selected\nlimit none" };
    const b: Words = {
      router: "score linear\ngate softmax\nselect top(2) per token\nweight gate renormalized\nlimit none",
    };
    expect(differences(runProgram(a, "trace"), runProgram(b, "trace"))).toEqual([]);
  });

  it("a limit with room for everybody is no limit", () => {
    const limited: Words = { router: plain.router.replace("limit none", "limit capacity(4) else drop") };
    expect(differences(runProgram(limited, "trace"), runProgram(plain, "trace"))).toEqual([]);
  });

  it("an expert takes as many edges as it has room, first choices first, and the rest are dropped", () => {
    const limited: Words = {
      router: "score linear\ngate softmax\nselect top(2) per token\nweight gate\nlimit capacity(0.5) else drop",
    };
    const [free, held] = ["limit none", "limit capacity(0.5) else drop"].map((limit) =>
      runProgram({ router: limited.router.replace(/limit.*/, limit) }, "trace"),
    );
    const edges = numbers(free!.outputs.get("layers.0.mixture.edges.expert"));
    const room = Math.ceil((0.5 * 2 * 12) / 4);
    const used = [0, 0, 0, 0];
    const kept = [...edges];
    for (const k of [0, 1]) for (let u = 0; u < 12; u++) if (used[edges[u * 2 + k]!]!++ >= room) kept[u * 2 + k] = -1;
    expect(numbers(held!.outputs.get("layers.0.mixture.edges.expert"))).toEqual(kept);
    expect(kept.some((e) => e === -1)).toBe(true);
    expect(numbers(held!.outputs.get("layers.0.mixture.dropped"))).toEqual([kept.filter((e) => e === -1).length]);
    expect(numbers(held!.outputs.get("layers.0.mixture.load"))).toEqual(
      numbers(free!.outputs.get("layers.0.mixture.load")),
    );
  });

  it("a shared expert is an expert that everybody chooses with weight 1", () => {
    const router1 = "score linear\nselect all\nweight one";
    const both: Words = { experts: "experts 2 of swiglu(hidden: 5)", router: router1 };
    const two = runProgram(both, "trace");
    const own: Words = {
      experts: "experts 1 of swiglu(hidden: 5)",
      shared: "shared 1 of swiglu(hidden: 5)",
      router: router1,
    };
    const matrices = [0, 1].flatMap((layer) =>
      ["gate", "up", "down"].map((name) => [`layers.${layer}.mixture`, `${name}.weight`] as const),
    );
    const pair = runProgram(own, "trace", undefined, (leaves) => {
      const whole = leavesOf(programOf(designOf(both), "trace"));
      for (const [at, name] of matrices) {
        const { data } = whole.get(`${at}.experts.${name}`)!;
        leaves.get(`${at}.experts.${name}`)!.data.set(data.slice(0, 40));
        leaves.get(`${at}.shared.${name}`)!.data.set(data.slice(40));
      }
    });
    expect(differences(pair, two, /mixture/)).toEqual([]);
    for (const [at, name] of matrices) {
      const parts = ["experts", "shared"].flatMap((of) => numbers(pair.outputs.get(`grad.${at}.${of}.${name}`)));
      numbers(two.outputs.get(`grad.${at}.experts.${name}`)).forEach((x, i) => {
        expect(parts[i]).toBeCloseTo(x, 11);
      });
    }
  });
});
