/** Ops that choose: by hand, and balanced assignment against trying everything. */
import { describe, expect, it } from "vitest";
import { axes, noise, numbers, run } from "../run.js";

const inf = Number.POSITIVE_INFINITY;

describe("rank", () => {
  it("gives places and who stands there, ties to the lowest index, -1 for what may not be chosen", () => {
    const key = { axes: axes("E 2", "U 5"), values: [1, 3, 3, -inf, 2, 0, -0, -1, 5, -1e-30] };
    const out = run({ key }, (g, v) => ({ ...g.rank(v.key!) }));
    expect(numbers(out.rank)).toEqual([3, 0, 1, -1, 2, 1, 2, 4, 0, 3]);
    expect(numbers(out.order)).toEqual([1, 2, 4, 0, -1, 3, 0, 1, 4, 2]);
  });
});

describe("partition into fewer rows than places", () => {
  const edges = { axes: axes("U 3", "K 2"), values: [1, -1, -1, 0, 1, -1], dtype: "i32" as const };
  it("sorts all edges there are", () => {
    const out = run({ edges }, (g, v) => ({
      ...g.partition(v.edges!, { name: "E", size: 2 }, { name: "R", size: 4 }),
    }));
    expect(numbers(out.rows)).toEqual([3, 0, 4, -1]);
    expect(numbers(out.slots)).toEqual([1, -1, -1, 0, 2, -1]);
  });
});

describe("admit", () => {
  const whole = (text: string, values: number[]) => ({
    axes: axes(...text.split(", ")),
    values,
    dtype: "i32" as const,
  });
  const edges = whole("U 4, K 2", [0, 1, 0, 2, 0, -1, 0, 1]);
  // all first choices before all second ones
  const order = whole("N 8", [0, 2, 4, 6, 1, 3, 5, 7]);
  const room = whole("E 3", [2, 1, 2]);
  it("leaves out what finds its expert full", () => {
    const out = run({ edges, order, room }, (g, v) => ({ y: g.admit(v.edges!, v.order!, v.room!) }));
    expect(numbers(out.y)).toEqual([0, 1, 0, 2, -1, -1, -1, -1]);
  });
  it("sends it to the unit's next best with room otherwise", () => {
    const ranked = whole("U 4, E 3", [0, 1, 2, 0, 2, 1, 0, 2, -1, 0, 1, 2]);
    const out = run({ edges, order, room, ranked }, (g, v) => ({
      y: g.admit(v.edges!, v.order!, v.room!, v.ranked!),
    }));
    // unit 2 takes 2, unit 3 takes 1; then 1 is full for unit 0, which takes 2; now all are full
    expect(numbers(out.y)).toEqual([0, 2, 0, -1, 2, -1, 1, -1]);
  });
  it("serves whom the order names first", () => {
    const last = whole("N 8", [6, 4, 2, 0, -1, -1, -1, -1]);
    const out = run({ edges, last, room }, (g, v) => ({ y: g.admit(v.edges!, v.last!, v.room!) }));
    expect(numbers(out.y)).toEqual([-1, -1, -1, -1, 0, -1, 0, -1]);
  });
});

describe("assign", () => {
  /** The largest sum over all ways to give every expert floor or ceil of U/E units; -1 in no way. */
  function best(key: readonly number[], units: number, experts: number): number {
    const high = Math.ceil(units / experts);
    const load = new Array<number>(experts).fill(0);
    const search = (u: number): number => {
      if (u === units) return Math.min(...load) >= Math.floor(units / experts) ? 0 : -inf;
      let most = -inf;
      for (let e = 0; e < experts; e++) {
        if (load[e]! === high) continue;
        load[e]!++;
        most = Math.max(most, key[u * experts + e]! + search(u + 1));
        load[e]!--;
      }
      return most;
    };
    return search(0);
  }

  const loadOf = (chosen: readonly number[], experts: number): number[] =>
    Array.from({ length: experts }, (_, e) => chosen.filter((x) => x === e).length);

  it.each([
    [6, 3],
    [8, 2],
    [7, 3],
    [5, 4],
    [2, 4],
    [9, 1],
  ])("finds the best of all balanced choices: %i units, %i experts", (units, experts) => {
    for (let seed = 1; seed <= 12; seed++) {
      const next = noise(seed);
      // scores that all want the first experts, as an untrained router may
      const values = Array.from({ length: units * experts }, (_, i) => Math.fround(next() - (i % experts)));
      const out = run({ key: { axes: axes(`U ${units}`, `E ${experts}`), values } }, (g, v) => ({
        y: g.assign(v.key!),
      }));
      const chosen = numbers(out.y);
      const load = loadOf(chosen, experts);
      expect(Math.max(...load) - Math.min(...load)).toBeLessThanOrEqual(1);
      const sum = chosen.reduce((total, e, u) => total + values[u * experts + e]!, 0);
      expect(sum).toBeCloseTo(best(values, units, experts), 5);
    }
  });

  it("solves rows of problems one by one, ties to the lowest index", () => {
    const key = { axes: axes("B 2", "U 4", "E 2"), values: new Array<number>(16).fill(0.5) };
    const out = numbers(run({ key }, (g, v) => ({ y: g.assign(v.key!) })).y);
    expect(out).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
  });

  it("never chooses what may not be chosen, even where the load stays uneven", () => {
    const values = [1, -inf, 1, -inf, 1, -inf, 0.2, 0.1, -inf, -inf];
    const out = numbers(run({ key: { axes: axes("U 5", "E 2"), values } }, (g, v) => ({ y: g.assign(v.key!) })).y);
    expect(out).toEqual([0, 0, 0, 1, -1]);
  });
});
