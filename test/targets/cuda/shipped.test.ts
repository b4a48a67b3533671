/** Every other shipped spec, small, as CUDA on the emulated machine: loss, logits and all gradients equal to the interpreter. */
import { describe, expect, it } from "vitest";
import { papers } from "../../designs/papers/index.js";
import { designOf, leavesOf, programOf } from "../../designs/small.js";
import { compareEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

/** The seed designs are in `designs.test.ts`, with their optimiser. */
const others = papers.filter(({ spec }) => !/^(mask|mh)-moe/.test(spec));

describe.skipIf(whyNoEmulation !== undefined)("shipped specs in CUDA", () => {
  it.each(others)(
    "$spec",
    async (paper) => {
      const graph = programOf(designOf(paper), "trace");
      const far = await compareEmulated(graph, leavesOf(graph, paper));
      expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
    },
    120_000,
  );
});
