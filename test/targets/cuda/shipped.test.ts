/** Every shipped spec, small, as CUDA on the emulated machine: loss, logits and all gradients equal to the interpreter. */
import { describe, expect, it } from "vitest";
import { papers } from "../../designs/papers/index.js";
import { designOf, leavesOf, programOf } from "../../designs/small.js";
import { compareEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

describe.skipIf(whyNoEmulation !== undefined)("shipped specs in CUDA", () => {
  it.each(papers)(
    "$spec",
    async (paper) => {
      const graph = programOf(designOf(paper), "trace");
      const far = await compareEmulated(graph, leavesOf(graph, paper));
      expect([...far].filter(([, d]) => !(d < 2e-4))).toEqual([]);
    },
    120_000,
  );
});
