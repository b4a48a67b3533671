import { describe, expect, test } from "vitest";
import { initialise } from "../../src/runtime/init.js";

const moments = (values: ArrayLike<number>): { mean: number; std: number } => {
  const all = Array.from(values);
  const mean = all.reduce((sum, each) => sum + each, 0) / all.length;
  return { mean, std: Math.sqrt(all.reduce((sum, each) => sum + (each - mean) ** 2, 0) / all.length) };
};

describe("initial weights", () => {
  test("depend on seed, name and shape alone", () => {
    const make = (seed: number, name: string) => initialise(seed, name, [4, 8], { kind: "normal", std: 1 });
    expect(make(1, "a")).toEqual(make(1, "a"));
    expect(make(1, "a")).not.toEqual(make(1, "b"));
    expect(make(1, "a")).not.toEqual(make(2, "a"));
  });
  test("are fixed for ever", () => {
    expect(Array.from(initialise(1337, "embed.weight", [3], { kind: "normal", std: 0.02 }))).toMatchInlineSnapshot(`
      [
        0.012594916857779026,
        0.019301367923617363,
        0.003638798836618662,
      ]
    `);
  });
  test("normal has the asked standard deviation", () => {
    const { mean, std } = moments(initialise(3, "w", [200, 500], { kind: "normal", std: 0.02 }));
    expect(Math.abs(mean)).toBeLessThan(0.0003);
    expect(Math.abs(std / 0.02 - 1)).toBeLessThan(0.01);
  });
  test("xavier takes its fans from the last two axes", () => {
    const values = initialise(3, "experts.up", [3, 100, 50], { kind: "xavier_uniform", gain: 0.5 });
    const bound = 0.5 * Math.sqrt(6 / 150);
    expect(Math.max(...values)).toBeLessThanOrEqual(bound);
    expect(Math.max(...values)).toBeGreaterThan(0.99 * bound);
    expect(moments(values).std).toBeCloseTo(bound / Math.sqrt(3), 3);
  });
  test.each([
    [6, 10],
    [10, 6],
    [7, 7],
  ])("orthogonal %d×%d is orthonormal times the gain, for each expert", (rows, columns) => {
    const values = initialise(3, "w", [2, rows, columns], { kind: "orthogonal", gain: 2 });
    for (const expert of [0, 1]) {
      const at = (r: number, c: number): number => values[expert * rows * columns + r * columns + c]!;
      const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
      const vector = (i: number): number[] => Array.from({ length }, (_, j) => (rows <= columns ? at(i, j) : at(j, i)));
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < count; j++) {
          const product = vector(i).reduce((sum, each, k) => sum + each * vector(j)[k]!, 0);
          expect(product).toBeCloseTo(i === j ? 4 : 0, 5);
        }
      }
    }
    expect(values.slice(0, rows * columns)).not.toEqual(values.slice(rows * columns));
  });
  test("zeros, ones, scalars and empty weights", () => {
    expect([...initialise(1, "a", [2], { kind: "zeros" })]).toEqual([0, 0]);
    expect([...initialise(1, "a", [2], { kind: "ones" })]).toEqual([1, 1]);
    expect(initialise(1, "a", [], { kind: "normal", std: 1 }).length).toBe(1);
    expect(initialise(1, "a", [0, 5], { kind: "xavier_uniform", gain: 1 }).length).toBe(0);
  });
});
