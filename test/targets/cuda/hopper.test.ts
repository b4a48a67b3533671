/**
 * Kernels for Hopper on the emulated machine, whose copy engine and tensor cores are as late as they may be: equal to the
 * interpreter as far as bf16 goes, with experts without rows, ragged tails and one expert with all.
 */
import { describe, expect, it } from "vitest";
import { mixture, transformer } from "../../numerics/graphs.js";
import { compareEmulated, emit, runEmulated } from "./agree.js";
import { whyNoEmulation } from "./fake.js";

const TOLERANCE = 0.03;
const all = (): number => 1;

const cases = [
  {
    what: "six experts, some without rows, ragged tails",
    make: () => mixture({ T: 150, D: 40, E: 6, F: 24, K: 2, V: 13 }, (_, e) => (e % 3 < 2 ? 1 : 0)),
  },
  {
    what: "one expert with everything, wide",
    make: () => mixture({ T: 140, D: 264, E: 3, F: 200, K: 1, V: 13 }, (_, e) => (e === 1 ? 1 : 0)),
  },
  {
    what: "weight gradients with few tiles and many rows, summed in pieces",
    make: () => mixture({ T: 2100, D: 24, E: 2, F: 16, K: 1, V: 13 }, all),
  },
  { what: "sixteen of nineteen experts", make: () => mixture({ T: 33, D: 24, E: 19, F: 16, K: 16, V: 13 }, all) },
] as const;

/** Every product but the routers', which are not made in bf16. */
const products = (program: ReturnType<typeof emit>) => program.kernels.filter((k) => k.tensor);

describe.skipIf(whyNoEmulation !== undefined)("products on Hopper", () => {
  it.each(cases)("$what", async ({ make }) => {
    const { graph, leaves } = make();
    expect(products(emit({ run: graph }, "bf16", "hopper")).filter((k) => k.whyPortable)).toEqual([]);
    const far = await compareEmulated(graph, leaves, "bf16", "hopper");
    expect([...far].filter(([, d]) => !(d < TOLERANCE))).toEqual([]);
    expect(Math.max(...far.values())).toBeGreaterThan(1e-4);
  });
  it("add up as those for every GPU do: a transformer layer, bit by bit", async () => {
    const { graph, leaves } = transformer({ B: 2, S: 80, D: 64, H: 2, F: 96, V: 72 });
    const [ours, theirs] = (["hopper", "portable"] as const).map((tier) => emit({ run: graph }, "bf16", tier));
    expect(products(ours!).filter((k) => k.whyPortable)).toEqual([]);
    const [one, two] = [await runEmulated(ours!, leaves), await runEmulated(theirs!, leaves)];
    expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
  });
  it("are the same bit by bit, whichever thread, block and copy goes first", async () => {
    const { graph, leaves } = cases[1].make();
    const program = emit({ run: graph }, "bf16", "hopper");
    const [one, two] = [await runEmulated(program, leaves), await runEmulated(program, leaves, true)];
    expect([...one].filter(([name, bytes]) => Buffer.compare(bytes, two.get(name)!) !== 0)).toEqual([]);
  });
});
