/** Products in bf16 on emulated tensor cores: equal to the interpreter as far as bf16 goes, f32 where routers are concerned. */
import { describe, expect, it } from "vitest";
import { mixtures, transformers } from "../../numerics/graphs.js";
import { compareEmulated, emit, runEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

/** bf16 has 8 bits: a number is off by up to 2^-9 of itself, a sum of products of two such by a few times that. */
const TOLERANCE = 0.03;

describe.skipIf(whyNoEmulation !== undefined).each([
  { what: "a transformer layer", examples: transformers },
  { what: "a mixture", examples: mixtures },
])("$what in bf16", ({ examples }) => {
  it.each(examples)("$name", async ({ make }) => {
    const { graph, leaves } = make();
    const far = await compareEmulated(graph, leaves, "bf16");
    expect([...far].filter(([, d]) => !(d < TOLERANCE))).toEqual([]);
    // and it is bf16: a test that f32 would pass as well shows nothing
    expect(Math.max(...far.values())).toBeGreaterThan(1e-4);
  });
});

describe.skipIf(whyNoEmulation !== undefined)("bf16", () => {
  it("is the same bit by bit, whichever thread and block goes first", async () => {
    const { graph, leaves } = mixtures[3]!.make();
    const program = emit({ run: graph }, "bf16");
    const [one, two] = [await runEmulated(program, leaves), await runEmulated(program, leaves, true)];
    expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
  });
});
