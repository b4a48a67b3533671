/**
 * Every pair of the library against its accepted output: design, weights, costs that follow from the design, dispatch
 * and promise. Kernels are left out of the texts, because every change of the planner would change them all; how they
 * are compared is tested in `kernels.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { type Comparison, compare } from "../../src/diff/compare.js";
import { renderTerminal } from "../../src/diff/render/terminal.js";
import { pairs } from "./library.js";
import { sideOf } from "./sides.js";

const planned = ["kernels", "launches", "bytes_moved", "peak_memory"];

function withoutPlan({ kernels: _kernels, ...rest }: Comparison): Comparison {
  return { ...rest, cost: { ...rest.cost, whole: rest.cost.whole.filter(({ key }) => !planned.includes(key)) } };
}

describe("pairs", () => {
  it("has at least 25 pairs", () => {
    expect(pairs.length).toBeGreaterThanOrEqual(25);
    expect(new Set(pairs.map(({ name }) => name)).size).toBe(pairs.length);
  });

  it.each(pairs)("$name", async ({ name, before, after, keeps }) => {
    const comparison = compare(sideOf(before, "before.moe"), sideOf(after, "after.moe"));
    expect(comparison.same).toBe(false);
    expect(comparison.refused).toEqual([]);
    expect(comparison.kernels).toBeDefined();
    expect(comparison.keeps).toBe(keeps);
    const text = renderTerminal(withoutPlan(comparison), { colour: false, all: true });
    await expect(text).toMatchFileSnapshot(`pairs/expected/${name}.txt`);
  });
});
