/** Products in bf16 on emulated tensor cores: equal to the interpreter as far as bf16 goes, f32 where routers are concerned. */
import { describe, expect, it } from "vitest";
import { mixture, mixtures, transformers } from "../../numerics/graphs.js";
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

describe.skipIf(whyNoEmulation !== undefined)("weight gradients with few tiles and many rows", () => {
  it.each(["f32", "bf16"] as const)("are summed in pieces, in %s", async (compute) => {
    const { graph, leaves } = mixture({ T: 2100, D: 20, E: 2, F: 12, K: 1, V: 13 }, () => 1);
    const program = emit({ run: graph }, compute);
    const cut = program.kernels.filter((k) => k.passes.some((p) => p.entry === `${k.name}_add`));
    // gate, up and down
    expect(cut.length).toBe(3);
    const far = await compareEmulated(graph, leaves, compute);
    expect([...far].filter(([, d]) => !(d < (compute === "f32" ? 1e-4 : TOLERANCE)))).toEqual([]);
    const [one, two] = [await runEmulated(program, leaves), await runEmulated(program, leaves, true)];
    expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
  });
});
