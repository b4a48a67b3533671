/** What is said of kernels without a GPU: registers as ptxas prints them, occupancy by hand, roofs of named GPUs. */
import { describe, expect, it } from "vitest";
import { estimate } from "../../../src/targets/cuda/estimate.js";
import { occupancyOf } from "../../../src/targets/cuda/occupancy.js";
import { profiles } from "../../../src/targets/cuda/profiles.js";
import { usesIn } from "../../../src/targets/cuda/ptxas.js";
import { tinyMachine } from "../../e2e/machine.js";
import { whyNoEmulation } from "./fake.js";

const said = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'up' for 'sm_80'
ptxas info    : Function properties for up
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 96 registers, used 1 barriers, 8 bytes cumulative stack size, 16384 bytes smem, 432 bytes cmem[0]
ptxas info    : Compile time = 1.0 ms
ptxas info    : Compiling entry function 'finish_sum' for 'sm_80'
ptxas info    : Function properties for finish_sum
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 14 registers, used 0 barriers, 364 bytes cmem[0]
`;

it("what ptxas says is read", () => {
  expect(usesIn(said)).toEqual([
    { entry: "up", registers: 96, shared: 16_384, spills: 16, stack: 8 },
    { entry: "finish_sum", registers: 14, shared: 0, spills: 0, stack: 0 },
  ]);
});

describe("occupancy", () => {
  it.each([
    // 2048 threads hold 8 blocks of 256
    { use: { threads: 256, registers: 32, shared: 0 }, blocks: 8, limit: "threads" },
    // a warp of 141 registers takes 4608 of 65536: 14 warps, one block of 8
    { use: { threads: 256, registers: 141, shared: 69_632 }, blocks: 1, limit: "registers" },
    // 168 KB less 1 KB a block: two blocks of 70000 bytes
    { use: { threads: 128, registers: 64, shared: 70_000 }, blocks: 2, limit: "shared memory" },
    { use: { threads: 32, registers: 16, shared: 0 }, blocks: 32, limit: "blocks" },
  ])("$limit", ({ use, blocks, limit }) => {
    expect(occupancyOf(use, profiles.A100)).toMatchObject({ blocks, limit });
  });
});

describe("the roof of a kernel", () => {
  it("is arithmetic or memory, whichever takes longer", () => {
    // 989 GFLOP at 989 TFLOP/s; 335 MB at 3.35 TB/s
    expect(estimate({ flops: 989e9, bytes: 335e6, tensor: true }, profiles.H100)).toMatchObject({
      bound: "arithmetic",
    });
    expect(estimate({ flops: 989e9, bytes: 335e6, tensor: true }, profiles.H100).microseconds).toBeCloseTo(1000, 6);
    expect(estimate({ flops: 1e6, bytes: 335e6, tensor: false }, profiles.H100).microseconds).toBeCloseTo(100, 6);
  });
});

describe("moec explain --stage plan --target cuda", () => {
  const m = tinyMachine({ PATH: "/nowhere" });
  const explain = (...flags: string[]) => m.moec("explain", "tiny.moe", "--target", "cuda", ...flags);
  it("says what it cannot know without nvcc, and the rest", async () => {
    const { code, stdout } = await explain("--stage", "plan", "--device", "A100");
    expect(code).toBe(0);
    expect(stdout).toContain("kernels for A100: compute capability 8, 108 multiprocessors");
    expect(stdout).toContain("registers are not known");
    expect(stdout).toMatch(/mixture_\w+ +\d+× +[\d.]+ µs, (memory|arithmetic)/);
  });
  it("names what products are made by on Hopper, and what they cannot make", async () => {
    const dtype = "Tiny.dtype=mixed(params: f32, compute: bf16, router: f32)";
    const { stdout } = await explain("--stage", "plan", "--device", "H200", "--set", dtype);
    expect(stdout).toContain("written for Hopper (sm_90a)");
    const how = /tiles of 128 x \d+, warpgroups (in turns|together) .*; results leave by the copy engine.*/;
    expect(stdout).toMatch(new RegExp(` wgmma\\n +${how.source}\\n +384 threads`));
    expect(stdout).toContain("ends of experts' runs by threads");
  });
  it.each([
    { flags: ["--device", "V100"], says: "H100, H200, A100, RTX4090" },
    { flags: ["--stage", "graph"], says: "other stages are those of every target" },
  ])("$says", async ({ flags, says }) => {
    const { code, stderr } = await explain(...flags);
    expect(code).toBe(1);
    expect(stderr).toContain("MOE6021");
    expect(stderr).toContain(says);
  });
});

describe("moec bench --target cuda", () => {
  const bench = async (env: Readonly<Record<string, string>>, ...flags: string[]) =>
    tinyMachine(env).moec("bench", "tiny.moe", "--target", "cuda", ...flags);
  const nothing = { MOEC_LIBCUDA: "libnowhere.so.7" };
  it("--static counts, with a roof on a named GPU", async () => {
    const { code, stdout } = await bench(nothing, "--static", "--json", "--device", "A100");
    expect(code).toBe(0);
    const figures = JSON.parse(stdout);
    expect(figures).toMatchObject({ target: "cuda", gpu: "A100", bytes_in: expect.any(Number) });
    expect(figures.graph_nodes).toBeGreaterThan(figures.launches);
    expect(figures.peak_bytes).toBeGreaterThan(figures.kept_bytes);
    // 2.04 TB/s is the least that all those bytes take
    expect(figures.roof_ms).toBeGreaterThanOrEqual((1000 * figures.bytes_moved) / 2.04e12);
    const shown = await bench(nothing, "--static");
    expect(shown.stdout).toMatch(/^launches +\d+ a step, \d+ nodes in one graph/);
    expect(shown.stdout).toMatch(/roof +\S+ a step on H100, .*\(computed, not measured\)/);
  });
  it("without a GPU says so, and what needs none", async () => {
    const { code, stderr } = await bench(nothing);
    expect(code).toBe(1);
    expect(stderr).toContain("MOE5006");
    expect(stderr).toContain("add `--static`");
  });
  it.skipIf(whyNoEmulation !== undefined)(
    "times whole steps where there is one",
    async () => {
      const { code, stdout } = await bench({}, "--steps", "1", "--json");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ device: "cuda (Emulated GPU)", step_ms: expect.any(Number) });
    },
    120_000,
  );
});
