/** Which tiles products on Hopper are made in, by shape: the choices that published kernels make, from one estimate. */
import { describe, expect, it } from "vitest";
import { sharedOf, type Through, tileFor, type Work } from "../../../src/6-emit/cuda/hopper/tiles.js";
import { profiles } from "../../../src/targets/cuda/profiles.js";

const { multiprocessors, sharedPerBlock } = profiles.H100;

/**
 * The products of one mixture: T tokens of width H, K of E experts of width I each. Forward and of gradients' inputs, tiles
 * below each other often read the same weights; of weight gradients this is the one whose rows are found by index.
 */
function products(T: number, H: number, I: number, E: number, K: number): Record<string, Work> {
  const down = Math.ceil((T * K) / 128);
  const alike = 1 - E / down;
  const work = (n: number, steps: number, through: Through, more: Partial<Work> = {}): Work => ({
    ...{ widths: [n], down, paired: false, steps, through, light: false, alike, multiprocessors },
    ...more,
  });
  const plain = { results: 1, operands: 0, bytes: 2 };
  return {
    // gate, up and what they make, one after the other, all in bf16
    first: work(I, H / 64, { ...plain, bytes: 6 }, { paired: true, widths: [I, I] }),
    second: work(H, I / 64, plain, { light: true }),
    // reads gate and up, writes both gradients
    gradient: work(I, H / 64, { results: 2, operands: 2, bytes: 8 }),
    weights: work(
      H,
      (T * K) / E / 64,
      { results: 2, operands: 0, bytes: 4 },
      { down: Math.ceil(I / 128) * E, alike: undefined },
    ),
  };
}

const shown = (work: Work): string => {
  const tile = tileFor(work)!;
  return `${tile.columns} ${tile.inTurns ? "in turns" : "together"}${tile.shares ? ", shared" : ""}`;
};

describe("tiles on Hopper", () => {
  const sizes = [
    { size: [24_576, 1536, 512, 64, 4], choice: ["128 in turns", "192 in turns", "128 in turns"] },
    { size: [8192, 2048, 768, 128, 8], choice: ["256 together", "192 in turns", "128 in turns"] },
    { size: [32_768, 4096, 1024, 128, 8], choice: ["256 together", "192 in turns", "256 together"] },
  ] as const;
  it.each(sizes)("for T, H, I, E, K = $size", ({ size, choice }) => {
    const [T, H, I, E, K] = size;
    const { first, second, gradient } = products(T!, H!, I!, E!, K!);
    expect([first!, second!, gradient!].map(shown)).toEqual(choice.map((c) => `${c}, shared`));
  });
  it("share nothing where experts have less than a tile each, on one multiprocessor, or where B cannot be shared", () => {
    const { second, weights } = products(8192, 2048, 768, 128, 8);
    expect(shown({ ...second!, alike: 0 })).not.toContain("shared");
    expect(shown({ ...second!, multiprocessors: 1 })).not.toContain("shared");
    expect(shown(weights!)).not.toContain("shared");
    expect(shown({ ...second!, alike: 0, schedule: { shares: true } })).toContain("shared");
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
    expect(shown({ ...second!, schedule: { inTurns: false } })).toContain("together");
    expect(shown({ ...second!, schedule: { inTurns: true } })).toContain("in turns");
  });
});
