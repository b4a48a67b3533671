/**
 * Mixtures of shipped specs as layers, small, built for the emulated machine: every launch equals what it means, and each
 * goes on from what is right, to the gradients of tokens and weights. Two stand for all; `MOEC_LAYERS=all` takes all.
 */
import { describe, expect, it } from "vitest";
import { papers } from "../../designs/papers/index.js";
import { designOf } from "../../designs/small.js";
import { whyNoEmulation } from "./fake.js";
import { filesOf, runHarness } from "./harness.js";

/** Even assignment with its sort, and experts that are rows of a table. */
const some = ["base", "peer"];
const chosen = process.env.MOEC_LAYERS === "all" ? papers : papers.filter(({ spec }) => some.includes(spec));

describe.skipIf(whyNoEmulation !== undefined)("mixtures as layers", () => {
  it.each(chosen)(
    "$spec",
    async (paper) => {
      const files = filesOf(designOf(paper), { batch: 2 });
      const layers = files.flatMap(({ path }) => /harness\/(layer-.*)\.cu$/.exec(path)?.[1] ?? []);
      // a branch is dense: it becomes an expert later
      expect(layers.length > 0).toBe(paper.spec !== "branch");
      for (const layer of layers) {
        const { ok, lines } = await runHarness(files, layer, ["--check", "--whole"]);
        expect(lines.filter((line) => line.includes("WRONG"))).toEqual([]);
        expect(lines.filter((line) => /: right, [1-9]/.test(line)).length).toBeGreaterThan(8);
        expect(ok).toBe(true);
      }
    },
    240_000,
  );
});
