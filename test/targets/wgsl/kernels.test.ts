/** Generated WGSL against the interpreter, on the software adapter: the same graphs as for C. */
import { describe, expect, it } from "vitest";
import { choosing } from "../../numerics/choosing.js";
import { mixtures, transformers } from "../../numerics/graphs.js";
import { compareOnGpu, software } from "./agree.js";

describe.skipIf(typeof software === "string").each([
  { what: "a transformer layer", examples: transformers },
  { what: "a mixture", examples: mixtures },
  { what: "what chooses", examples: choosing },
])("$what in WGSL", ({ examples }) => {
  it.each(examples)("$name", async ({ make }) => {
    const { graph, leaves } = make();
    const far = await compareOnGpu(graph, leaves);
    expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});
