/** Every strategy computes the same: against plain loops, and outputs and gradients against `one-hot`. */
import { describe, expect, it } from "vitest";
import { oneHot } from "../../src/4-dispatch/strategies/one-hot.js";
import { noise } from "../graph/run.js";
import { buildMixture, byLoops, type Case, legalFor, runWith } from "./mixture.js";

/** k different experts of a unit, each present with the given probability. */
function randomRoute(seed: number, units: number, experts: number, k: number, present = 1): Case["route"] {
  const next = noise(seed);
  const rows = Array.from({ length: units }, () => {
    const order = Array.from({ length: experts }, (_, e) => ({ e, key: next() })).sort((a, b) => a.key - b.key);
    return order.slice(0, k).map(({ e }) => ((next() + 1) / 2 <= present ? e : -1));
  });
  return (u) => rows[u]!;
}

const swiglu = (count: number, hidden = 5) => ({ kind: "swiglu", count, hidden });

const cases: Readonly<Record<string, Case>> = {
  "two of six": { units: 13, width: 4, edges: 2, groups: [swiglu(6)], route: randomRoute(1, 13, 6, 2) },
  "one of five, a plain permutation": {
    units: 11,
    width: 3,
    edges: 1,
    groups: [swiglu(5)],
    route: randomRoute(2, 11, 5, 1),
  },
  "edges dropped": { units: 12, width: 4, edges: 2, groups: [swiglu(4)], route: randomRoute(3, 12, 4, 2, 0.5) },
  "one edge at most": { units: 12, width: 4, edges: 1, groups: [swiglu(4)], route: randomRoute(4, 12, 4, 1, 0.5) },
  "no edge at all": { units: 5, width: 3, edges: 2, groups: [swiglu(3)], route: () => [-1, -1] },
  "one expert takes all": { units: 9, width: 4, edges: 1, groups: [swiglu(6)], route: () => [4] },
  "more places than visible experts": {
    units: 7,
    width: 3,
    edges: 4,
    groups: [swiglu(5)],
    route: (u) => [u % 5, -1, (u + 2) % 5, -1],
  },
  "all experts": { units: 5, width: 3, edges: 3, groups: [swiglu(3)], route: () => [2, 0, 1] },
  "all experts in order": { units: 5, width: 3, edges: 3, groups: [swiglu(3)], route: () => [0, 1, 2] },
  "all experts in order, some taken away, of mixed kinds": {
    units: 7,
    width: 3,
    edges: 6,
    groups: [swiglu(2), { kind: "copy", count: 1 }, { kind: "constant", count: 1 }, swiglu(2, 3)],
    route: (u) => [0, 1, 2, 3, 4, 5].map((e) => ((u + e) % 3 === 0 ? -1 : e)),
  },
  "all experts in order, weights on the input": {
    units: 5,
    width: 3,
    edges: 3,
    weightOnInput: true,
    groups: [swiglu(3)],
    route: (u) => [0, u === 2 ? -1 : 1, 2],
  },
  "one unit": { units: 1, width: 3, edges: 2, groups: [swiglu(4)], route: () => [3, 1] },
  "one expert": { units: 6, width: 3, edges: 1, groups: [swiglu(1)], route: () => [0] },
  "biases and a clamp": {
    units: 10,
    width: 3,
    edges: 2,
    groups: [{ kind: "swiglu", count: 4, hidden: 5, bias: true, clamp: 0.4 }],
    route: randomRoute(5, 10, 4, 2, 0.8),
  },
  "weights on the input": {
    units: 10,
    width: 3,
    edges: 2,
    weightOnInput: true,
    groups: [swiglu(4)],
    route: randomRoute(6, 10, 4, 2, 0.8),
  },
  "weight on the input of one expert": {
    units: 8,
    width: 3,
    edges: 1,
    weightOnInput: true,
    groups: [swiglu(4)],
    route: randomRoute(7, 8, 4, 1),
  },
  "experts of different sizes": {
    units: 12,
    width: 3,
    edges: 2,
    groups: [swiglu(3, 4), swiglu(2, 7)],
    route: randomRoute(8, 12, 5, 2),
  },
  "mixed kinds": {
    units: 14,
    width: 3,
    edges: 3,
    groups: [swiglu(3), { kind: "copy", count: 2 }, { kind: "zero", count: 1 }, { kind: "constant", count: 2 }],
    route: randomRoute(9, 14, 8, 3, 0.9),
  },
  "mixed kinds, weights on the input": {
    units: 9,
    width: 3,
    edges: 2,
    weightOnInput: true,
    groups: [{ kind: "copy", count: 1 }, swiglu(2), { kind: "constant", count: 2 }],
    route: randomRoute(10, 9, 5, 2),
  },
  "only copies": { units: 6, width: 3, edges: 1, groups: [{ kind: "copy", count: 2 }], route: (u) => [u % 2] },
  "many experts of rank one": {
    units: 8,
    width: 3,
    edges: 4,
    groups: [{ kind: "rank1", count: 40 }],
    route: randomRoute(11, 8, 40, 4),
  },
  "many neurons": {
    units: 8,
    width: 3,
    edges: 4,
    groups: [{ kind: "neuron", count: 40 }],
    route: randomRoute(12, 8, 40, 4),
  },
  "few neurons": {
    units: 8,
    width: 3,
    edges: 2,
    groups: [{ kind: "neuron", count: 4 }],
    route: randomRoute(13, 8, 4, 2),
  },
  "many constants": {
    units: 8,
    width: 3,
    edges: 2,
    groups: [{ kind: "constant", count: 20 }],
    route: randomRoute(14, 8, 20, 2),
  },
  "quickglu with biases and a clamp": {
    units: 7,
    width: 3,
    edges: 2,
    groups: [{ kind: "quickglu", count: 3, hidden: 4, bias: true, clamp: 0.4 }],
    route: randomRoute(18, 7, 3, 2),
  },
  geglu: {
    units: 7,
    width: 3,
    edges: 2,
    groups: [{ kind: "geglu", count: 3, hidden: 4 }],
    route: randomRoute(15, 7, 3, 2),
  },
  "gelu with bias": {
    units: 7,
    width: 3,
    edges: 2,
    groups: [{ kind: "gelu", count: 3, hidden: 4, bias: true }],
    route: randomRoute(16, 7, 3, 2),
  },
  "relu with a clamp": {
    units: 7,
    width: 3,
    edges: 2,
    groups: [{ kind: "relu", count: 3, hidden: 4, clamp: 0.5 }],
    route: randomRoute(17, 7, 3, 2),
  },
  silu: {
    units: 7,
    width: 3,
    edges: 2,
    groups: [{ kind: "silu", count: 3, hidden: 4 }],
    route: randomRoute(18, 7, 3, 2),
  },
};

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!) / Math.max(1, Math.abs(v))), 0);

describe.each(Object.entries(cases))("%s", (_, each) => {
  const built = buildMixture(each);
  const oracle = runWith(built, oneHot);

  it("one-hot equals plain loops", () => {
    expect(far(byLoops(each, built.leaves), oracle.get("y")!.data)).toBeLessThan(1e-12);
  });

  it.each(legalFor(built).filter((strategy) => strategy !== oneHot))(
    "$name equals one-hot, gradients too",
    (strategy) => {
      const got = runWith(built, strategy);
      expect([...got.keys()]).toEqual([...oracle.keys()]);
      const wrong = [...oracle].filter(([name, t]) => !(far(t.data, got.get(name)!.data) < 1e-10));
      expect(wrong.map(([name]) => name)).toEqual([]);
    },
  );
});
