/** Random mixtures: every strategy against plain loops and the gradients of `one-hot`; no row is lost or made up. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/3-graph/interpreter.js";
import { oneHot } from "../../src/4-dispatch/strategies/one-hot.js";
import { sortedGrouped } from "../../src/4-dispatch/strategies/sorted-grouped.js";
import { noise } from "../graph/run.js";
import { buildMixture, byLoops, type Case, type Group, legalFor, lowered, runWith } from "./mixture.js";

const KINDS = ["swiglu", "geglu", "gelu", "relu", "silu", "copy", "zero", "constant", "rank1", "neuron"];

/** A mixture of one to three groups with sizes from 1 up; units lose edges at random, and all favour some experts. */
function randomCase(seed: number): Case {
  const next = noise(seed);
  const upTo = (n: number): number => 1 + Math.floor(((next() + 1) / 2) * n * 0.999);
  const groups = Array.from(
    { length: upTo(3) },
    (): Group => ({
      kind: KINDS[upTo(KINDS.length) - 1]!,
      count: upTo(6),
      hidden: upTo(5),
      bias: next() > 0.3,
      ...(next() > 0.3 && { clamp: 0.6 }),
    }),
  );
  const experts = groups.reduce((n, group) => n + group.count, 0);
  const [units, edges, present] = [upTo(12), upTo(Math.min(4, experts)), (next() + 1) / 2];
  const favour = Array.from({ length: experts }, () => next());
  const rows = Array.from({ length: units }, () => {
    const keyed = favour.map((bonus, e) => ({ e, key: next() + 2 * bonus })).sort((a, b) => b.key - a.key);
    return keyed.slice(0, edges).map(({ e }) => ((next() + 1) / 2 <= present ? e : -1));
  });
  return { units, width: upTo(5), edges, groups, weightOnInput: next() > 0.5, route: (u) => rows[u]!, seed };
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!) / Math.max(1, Math.abs(v))), 0);

const seeds = Array.from({ length: 150 }, (_, i) => 1000 + i);

describe("random mixtures", () => {
  it.each(seeds)("seed %i", (seed) => {
    const each = randomCase(seed);
    const built = buildMixture(each);
    const oracle = runWith(built, oneHot);
    expect(far(byLoops(each, built.leaves), oracle.get("y")!.data)).toBeLessThan(1e-11);
    for (const strategy of legalFor(built)) {
      const got = runWith(built, strategy);
      const wrong = [...oracle].filter(([name, t]) => !(far(t.data, got.get(name)!.data) < 1e-10));
      expect(wrong.map(([name]) => `${strategy.name}: ${name}`)).toEqual([]);
    }
  });

  it.each(seeds.slice(0, 40))("seed %i: as many rows as edges", (seed) => {
    const each = randomCase(seed);
    const built = buildMixture(each);
    const graph = lowered(built, sortedGrouped);
    const sorts = graph.nodes.filter(({ op }) => op.kind === "partition");
    const outputs = new Map(sorts.map((node, i) => [`${i}`, node.outputs[0]!]));
    const offsets = [...interpret({ ...graph, outputs }, built.leaves).outputs.values()].map(
      ({ data }) => data.at(-1)!,
    );
    const folded = built.site.groups.map((group) => group.folded);
    const first = built.site.groups.map((_, i) => built.site.groups.slice(0, i).reduce((n, g) => n + g.count, 0));
    const groupOf = (e: number): number => first.findLastIndex((from) => from <= e);
    const all = Array.from({ length: each.units }, (_, u) => each.route(u)).flat();
    const sorted = all.filter((e) => e >= 0 && !folded[groupOf(e)]);
    expect(offsets.reduce((n, rows) => n + rows, 0)).toBe(sorted.length);
  });
});
