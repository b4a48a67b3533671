/** Generated kernels against the interpreter, on small hand-made graphs. */
import { describe, expect, it } from "vitest";
import { built, compare } from "./agree.js";
import { choosing } from "./choosing.js";
import { mixtures, transformers } from "./graphs.js";

describe.each([
  { what: "a transformer layer", examples: transformers },
  { what: "a mixture", examples: mixtures },
  { what: "what chooses", examples: choosing },
])(`$what in generated C (${built})`, ({ examples }) => {
  it.each(examples)("$name", async ({ make }) => {
    const { graph, leaves } = make();
    const far = await compare(graph, leaves, built);
    expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
});
