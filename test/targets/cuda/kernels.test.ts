/** Generated CUDA against the interpreter, on the emulated machine: the same graphs as for C. */
import { describe, expect, it } from "vitest";
import { choosing } from "../../numerics/choosing.js";
import { mixtures, transformers } from "../../numerics/graphs.js";
import { compareEmulated } from "./agree.js";
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
