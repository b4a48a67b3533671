/** Harnesses, built for the emulated machine: they find kernels and layers right, and broken ones wrong. */
import { describe, expect, it } from "vitest";
import { tinyMachine } from "../../e2e/machine.js";
import { designCases, designOf } from "../../numerics/designs.js";
import { whyNoEmulation } from "./fake.js";
import { filesOf, runHarness } from "./harness.js";
import { nvccBuilds, whyNoNvcc } from "./nvcc.js";

const { spec, set } = designCases[1]!;
/** MaskMoE in bf16, odd widths. */
const files = filesOf(designOf(spec, set), { batch: 2 });
const SLOW = 120_000;

/** One mistake in each of four kernels, in the order in which they run. */
const broken = [
  { kernel: "mixture_router_load_experts_sort", from: "count_bits(same & ((1u << lane) - 1))", to: "count_bits(same)" },
  { kernel: "finish_sum", from: "chunk < CHUNKS", to: "chunk < CHUNKS - 1" },
  { kernel: "mixture_experts_down", from: "end_row = tile[2]", to: "end_row = tile[2] - 1" },
  { kernel: "attend_scores_backward", from: "- taken_off[n / 2])", to: "+ taken_off[n / 2])" },
];

/** The text with one place of a kernel changed. */
function changed(text: string, { kernel, from, to }: (typeof broken)[number]): string {
  const at = text.indexOf(from, text.indexOf(`/* ${kernel}: `));
  expect(at).toBeGreaterThan(0);
  return text.slice(0, at) + to + text.slice(at + from.length);
}

describe.skipIf(whyNoEmulation !== undefined)("a harness", () => {
  it(
    "finds every kernel right but the broken ones",
    async () => {
      const { ok, lines } = await runHarness(files, "kernels", ["--check"], (text) => broken.reduce(changed, text));
      const alone = files.filter((f) => /harness\/(?!kernels|layer-).*\.cu$/.test(f.path));
      const found = lines.slice(1, 1 + alone.length);
      expect(found.filter((line) => /: WRONG/.test(line)).map((line) => line.split(":")[0])).toEqual(
        broken.map((b) => b.kernel),
      );
      expect(found.filter((line) => /: right, [1-9]\d* numbers/.test(line)).length).toBe(alone.length - broken.length);
      expect(lines.at(-1)).toBe(`${broken.length} of ${alone.length} WRONG`);
      expect(ok).toBe(false);
    },
    SLOW,
  );
  it(
    "of a layer goes forward and backward, to the gradients of its tokens and weights",
    async () => {
      const { spec: other, set: sizes } = designCases[4]!;
      const layer = filesOf(designOf(other, { ...sizes, "MHMoE.dtype": "f32" }), { batch: 2 });
      const { ok, lines } = await runHarness(layer, "layer-mixture", ["--check", "--whole"]);
      expect(lines.filter((line) => line.includes("WRONG"))).toEqual([]);
      expect(ok).toBe(true);
      expect(lines.filter((line) => /^Mixture (forward|both): \d+ launches/.test(line)).length).toBe(2);
      expect(lines.filter((line) => /grad_.*: right/.test(line)).length).toBeGreaterThan(3);
    },
    SLOW,
  );
});

it.skipIf(whyNoNvcc !== undefined)(
  "nvcc makes a program of it, without a warning",
  async () => {
    expect(await nvccBuilds(files, "mixture_experts_down", "90a")).toEqual([]);
  },
  SLOW,
);

it("is written where it is asked for, and only for the cuda target", async () => {
  const m = tinyMachine();
  const { code } = await m.moec("compile", "tiny.moe", "--target", "cuda", "--harness", "--out", "out");
  expect(code).toBe(0);
  expect(m.read("out/cuda/harness/layer-mixture.cu")).toContain("a machine made of software");
  const refused = await m.moec("compile", "tiny.moe", "--target", "cpu", "--harness", "--out", "other");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("MOE6021");
}, 120_000);
