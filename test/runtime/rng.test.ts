import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactLog, normalQuantile } from "../../src/runtime/normal.js";
import {
  choose,
  nextWord,
  normal,
  permutation,
  shuffled,
  split,
  stream,
  uniform,
  uniformInt,
} from "../../src/runtime/rng.js";
import { block, threefry } from "../../src/runtime/threefry.js";

const hex = (words: Uint32Array): string[] => Array.from(words, (word) => word.toString(16).padStart(8, "0"));

describe("threefry", () => {
  // the known answers of the Random123 library
  test.each([
    [
      [0, 0, 0, 0],
      ["6b200159", "99ba4efe"],
    ],
    [
      [-1, -1, -1, -1],
      ["1cb996fc", "bb002be7"],
    ],
    [
      [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
      ["c4923a9c", "483df7a0"],
    ],
  ])("%j", ([k0, k1, c0, c1], answer) => {
    threefry(k0!, k1!, c0!, c1!);
    expect(hex(block)).toEqual(answer);
  });
});

describe("streams", () => {
  const draw = (...path: (string | number)[]): number[] => {
    const rng = stream(7, ...path);
    return [nextWord(rng), nextWord(rng), nextWord(rng)];
  };
  test("are fixed for ever", () => {
    expect(draw("init", "embed.weight")).toMatchInlineSnapshot(`
      [
        2431894438,
        3951138794,
        3029161485,
      ]
    `);
  });
  test("of different names differ", () => {
    const paths = [["a"], ["b"], ["a", "b"], ["ab"], [""], [1], ["1"], [], ["a", ""], [2 ** 32 + 1]];
    expect(new Set(paths.map((path) => draw(...path).join())).size).toBe(paths.length);
  });
  test("of different seeds differ, also beyond 32 bits", () => {
    expect(new Set([1, 2, -1, 2 ** 32 + 1, 2 ** 40].map((seed) => nextWord(stream(seed)))).size).toBe(5);
  });
  test("splitting draws nothing from the parent", () => {
    const [a, b] = [stream(1, "x"), stream(1, "x")];
    split(a, "child");
    expect(nextWord(a)).toBe(nextWord(b));
  });
});

describe("distributions", () => {
  test("uniform numbers fill [0, 1) evenly", () => {
    const rng = stream(3, "uniform");
    const draws = Array.from({ length: 100_000 }, () => uniform(rng));
    const bins = new Array<number>(10).fill(0);
    for (const x of draws) bins[Math.floor(x * 10)]!++;
    // chi-square with 9 degrees of freedom: above 27.9 once in a thousand seeds
    expect(bins.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9);
    expect(Math.max(...draws)).toBeLessThan(1);
  });
  test("integers have no bias where it would show most: n = 3·2^30", () => {
    const rng = stream(4);
    const draws = Array.from({ length: 30_000 }, () => uniformInt(rng, 3 * 2 ** 30));
    // a plain modulo would put half of all draws, not a third, into the first third
    expect(draws.filter((x) => x < 2 ** 30).length / 30_000).toBeCloseTo(1 / 3, 1);
    expect(draws.filter((x) => x < 2 ** 30).length / 30_000).toBeLessThan(0.35);
  });
  test("normal numbers have the moments of the normal distribution", () => {
    const rng = stream(5, "normal");
    const draws = Array.from({ length: 200_000 }, () => normal(rng));
    const moment = (k: number): number => draws.reduce((sum, x) => sum + x ** k, 0) / draws.length;
    expect(moment(1)).toBeCloseTo(0, 2);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.012);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.12);
  });
  // reference values to 16 digits, from tables of the normal distribution
  test.each([
    [0.3, -0.5244005127080407],
    [0.001, -3.090232306167813],
    [1e-9, -5.9978070150076865],
    [0.975, 1.9599639845400536],
    [2 ** -33, -6.338],
  ])("quantile of %d", (p, x) => {
    expect(normalQuantile(p)).toBeCloseTo(x, p < 1e-9 ? 2 : 12);
  });
  test("our logarithm is the logarithm", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        const exact = Math.log(x);
        return Math.abs(exactLog(x) - exact) <= 4e-16 * Math.max(1, Math.abs(exact));
      }),
    );
  });
});

describe("orders and choices", () => {
  test("a permutation holds every number once", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 300 }), (seed, n) => {
        expect(Array.from(permutation(stream(seed), n)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
      }),
    );
  });
  test("all orders of three are equally likely", () => {
    const rng = stream(6);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffled(rng, ["a", "b", "c"]).join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(120);
  });
  test("choices are distinct, in range, and fair", () => {
    const rng = stream(8);
    const times = new Array<number>(6).fill(0);
    for (let i = 0; i < 6000; i++) {
      const chosen = choose(rng, 2, 6);
      expect(new Set(chosen).size).toBe(2);
      for (const each of chosen) times[each]!++;
    }
    for (const each of times) expect(Math.abs(each - 2000)).toBeLessThan(180);
    expect(choose(rng, 6, 6)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
