/** Generated CUDA against the interpreter, on the emulated machine: the same graphs as for C. */
import { describe, expect, it } from "vitest";
import { choosing } from "../../numerics/choosing.js";
import { mixtures, transformers } from "../../numerics/graphs.js";
import { compareEmulated, emit, runEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

describe.skipIf(whyNoEmulation !== undefined).each([
  { what: "a transformer layer", examples: transformers },
  { what: "a mixture", examples: mixtures },
  { what: "a choice", examples: choosing },
])("$what in CUDA", ({ examples }) => {
  it.each(examples)("$name", async ({ make }) => {
    const { graph, leaves } = make();
    const far = await compareEmulated(graph, leaves);
    expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});

describe.skipIf(whyNoEmulation !== undefined)(
  "a choice is the same bit by bit, whichever thread and block goes first",
  () => {
    it.each(choosing)("$name", async ({ make }) => {
      const { graph, leaves } = make();
      const program = emit({ run: graph });
      const [one, two] = [await runEmulated(program, leaves), await runEmulated(program, leaves, true)];
      expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
    });
  },
);
