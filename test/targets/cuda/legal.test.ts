/** Every kernel of the featured specs through nvcc, one for each tier: no warning, and no spills in matrix products and attention. */
import { describe, expect, it } from "vitest";
import { featured } from "../../../src/cli/generate.js";
import { compileCuda } from "../../../src/pipeline.js";
import type { Tier } from "../../../src/targets/cuda/program.js";
import { designOf } from "../../numerics/designs.js";
import { compileWithNvcc, whyNoNvcc } from "./nvcc.js";

/** nvcc takes its time over seventy kernels. */
const SLOW = 240_000;
const specs = featured.map((path) => path.replace(/^specs\/|\.moe$/g, ""));
const programOf = (spec: string, tier: Tier = "portable") => compileCuda(designOf(spec, {}), {}, tier);

/** `npm run check:cuda` compiles every kernel of every spec; here, each design for one tier, because nvcc takes its time. */
const cases = [
  { spec: specs[0]!, tier: "portable", architecture: "80" },
  { spec: specs[1]!, tier: "hopper", architecture: "90a" },
] as const;

describe.skipIf(whyNoNvcc !== undefined)("through nvcc", () => {
  it.each(cases)(
    "$spec, $tier, for sm_$architecture",
    async ({ spec, tier, architecture }) => {
      const { cuda } = programOf(spec, tier);
      expect(cuda.tier).toBe(tier);
      const { complaints, uses } = await compileWithNvcc(cuda, architecture);
      expect(complaints).toEqual([]);
      expect(uses.map((u) => u.entry).sort()).toEqual(cuda.kernels.flatMap((k) => k.passes.map((p) => p.entry)).sort());
      const products = new Set(cuda.kernels.filter((k) => k.tensor).flatMap((k) => k.passes.map((p) => p.entry)));
      expect(uses.filter((u) => products.has(u.entry) && u.spills > 0)).toEqual([]);
    },
    SLOW,
  );
});

describe.skipIf(whyNoNvcc !== undefined)("nvcc", () => {
  it("does complain", async () => {
    const source = 'extern "C" __global__ void f(int *x) { int unused; x[0] = y; }\n';
    const { complaints } = await compileWithNvcc({ source, headers: { "device.cuh": "" } }, "80");
    expect(complaints.length).toBeGreaterThan(1);
  });
});

describe("texts", () => {
  it.each(specs)("of %s are the same every time", (spec) => {
    expect(programOf(spec).cuda).toEqual(programOf(spec).cuda);
  });
});
