/** Which tiles products on Hopper are made in, by shape: the choices that published kernels make, from one estimate. */
import { describe, expect, it } from "vitest";
import { sharedOf, type Through, tileFor, type Work } from "../../../src/6-emit/cuda/hopper/tiles.js";
import { profiles } from "../../../src/targets/cuda/profiles.js";

const { multiprocessors, sharedPerBlock } = profiles.H100;

/** The products of one mixture: T tokens of width H, K of E experts of width I each. */
function products(T: number, H: number, I: number, E: number, K: number): Record<string, Work> {
  const down = Math.ceil((T * K) / 128);
  const work = (n: number, steps: number, through: Through, more: Partial<Work> = {}): Work => ({
    ...{ widths: [n], down, paired: false, steps, through, light: false, multiprocessors },
    ...more,
  });
  const plain = { results: 1, operands: 0, bytes: 2 };
  return {
    // gate, up and what they make, one after the other, all in bf16
    first: work(I, H / 64, { ...plain, bytes: 6 }, { paired: true, widths: [I, I] }),
    second: work(H, I / 64, plain, { light: true }),
    // reads gate and up, writes both gradients
    gradient: work(I, H / 64, { results: 2, operands: 2, bytes: 8 }),
    weights: work(H, (T * K) / E / 64, { results: 2, operands: 0, bytes: 4 }, { down: Math.ceil(I / 128) * E }),
  };
}

const shown = (work: Work): string => {
  const tile = tileFor(work)!;
  return `${tile.columns} ${tile.inTurns ? "in turns" : "together"}`;
};

describe("tiles on Hopper", () => {
  const sizes = [
    [24_576, 1536, 512, 64, 4],
    [8192, 2048, 768, 128, 8],
  ] as const;
  it.each(sizes)("for T = %d, H = %d, I = %d, E = %d, K = %d", (...size) => {
    const { first, second, gradient } = products(...size);
    expect([first!, second!, gradient!].map(shown)).toEqual(["256 together", "192 in turns", "128 in turns"]);
  });
  it("are made together where the inner axis is long, in turns where it is short", () => {
    const { weights } = products(24_576, 1536, 512, 64, 4);
    expect(
      [1, 4, 64].map((steps) =>
        shown({ ...weights!, steps })
          .split(" ")
          .slice(1)
          .join(" "),
      ),
    ).toEqual(["in turns", "in turns", "together"]);
  });
  it("leave room for a ring of three stages, or there are none", () => {
    const { gradient } = products(8192, 2048, 768, 128, 8);
    const most = Array.from({ length: 20 }, (_, results) => results + 1).map((results) => {
      const through = { ...gradient!.through, results };
      const tile = tileFor({ ...gradient!, through });
      if (tile) expect(sharedOf(tile, through)).toBeLessThanOrEqual(sharedPerBlock);
      if (tile) expect(tile.stages).toBeGreaterThanOrEqual(3);
      return tile !== undefined;
    });
    expect(most.indexOf(false)).toBe(7);
    expect(most.slice(7).some((some) => some)).toBe(false);
  });
  it("can be asked for", () => {
    const { second } = products(24_576, 1536, 512, 64, 4);
    expect(shown({ ...second!, schedule: "together" })).toContain("together");
    expect(shown({ ...second!, schedule: "in turns" })).toContain("in turns");
  });
});
