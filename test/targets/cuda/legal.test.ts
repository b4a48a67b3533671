/** Every kernel of the featured specs through nvcc, for both tiers: no warning, and no spills in matrix products. */
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

const tiers = [
  { tier: "portable", architecture: "80" },
  { tier: "hopper", architecture: "90a" },
] as const;

describe.skipIf(whyNoNvcc !== undefined).each(specs)("%s through nvcc", (spec) => {
  it.each(tiers)(
    "$tier, for sm_$architecture",
    async ({ tier, architecture }) => {
      const { cuda, plan } = programOf(spec, tier);
      expect(cuda.tier).toBe(tier);
      const { complaints, uses } = await compileWithNvcc(cuda, architecture);
      expect(complaints).toEqual([]);
      expect(uses.map((u) => u.entry).sort()).toEqual(cuda.kernels.flatMap((k) => k.passes.map((p) => p.entry)).sort());
      const products = new Set(
        plan.kernels.filter((k) => k.kind === "matmul" || k.kind === "outer").map((k) => k.name),
      );
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
