/** How even Sinkhorn's scaling is: for scores of any size, with favourites, in sequences, behind a mask. */
import { expect, it } from "vitest";
import { sinkhornKeys } from "../../src/rules/select/sinkhorn.js";
import { axes, noise, numbers, run } from "../graph/run.js";

const [E, D] = [8, 6];

/** Products of units with rows of a router [P, U, E]; units have much in common, so that all like the same experts. */
function scoresOf(problems: number, units: number, size: number, legal: (u: number, e: number) => boolean): number[] {
  const next = noise(7);
  const draw = (n: number) => Array.from({ length: n }, next);
  const [router, common] = [Array.from({ length: E }, () => draw(D)), draw(D)];
  return Array.from({ length: problems * units }, (_, u) => {
    const x = draw(D).map((v, c) => v + 2 * common[c]!);
    return router.map((row, e) => (legal(u, e) ? size * row.reduce((sum, w, c) => sum + w * x[c]!, 0) : -Infinity));
  }).flat();
}

interface Case {
  readonly problems?: number;
  readonly units?: number;
  readonly size: number;
  readonly temperature?: number;
  readonly legal?: (u: number, e: number) => boolean;
}

/** The largest load of an expert over the mean, of the least even problem. */
function unevenness({ problems = 1, units = 512, size, temperature, legal = () => true }: Case): number {
  const shape = axes(`B ${problems}`, `U ${units}`, `E ${E}`);
  const given = { scores: { axes: shape, values: scoresOf(problems, units, size, legal) } };
  const { chosen } = run(given, (g, { scores }) => ({
    chosen: g.topK(sinkhornKeys(g, scores!, shape[1]!, 16, temperature), 1),
  }));
  const loads = Array.from({ length: problems }, () => new Array<number>(E).fill(0));
  numbers(chosen).forEach((e, u) => {
    expect(legal(u, e)).toBe(true);
    loads[Math.floor(u / units)]![e]!++;
  });
  return Math.max(...loads.flat()) / (units / E);
}

it.each([1e-3, 1, 100])("is nearly even whatever the size of the scores: times %s", (size) => {
  expect(unevenness({ size })).toBeLessThan(1.1);
});

it("is nearly even in every sequence", () => {
  expect(unevenness({ size: 1e-2, problems: 3, units: 128 })).toBeLessThan(1.2);
});

it("is nearly even where every unit sees half of the experts", () => {
  expect(unevenness({ size: 1e-2, legal: (u, e) => (u + e) % 2 === 0 })).toBeLessThan(1.1);
});

it("is not, at the temperature of scores that are nearly equal", () => {
  expect(unevenness({ size: 1e-3, temperature: 1 })).toBeGreaterThan(1.3);
});

it("takes the first expert where all are alike", () => {
  expect(unevenness({ size: 0 })).toBe(E);
});
