/** Training on an NVIDIA GPU as a user does it, on the emulated machine: both seed designs, small, against the cpu target. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../../src/host/node.js";
import { type Machine, machine } from "../../e2e/machine.js";
import { poison, saysFirst } from "../../e2e/poisoned.js";
import { whyNoEmulation } from "./fake.js";

const words = "the expert router sends every token to one of eight small networks and adds what they answer".split(" ");
const sentence = (seed: number): string =>
  Array.from({ length: 12 }, (_, i) => words[(seed * 7 + i * i * 3 + i) % words.length]).join(" ");
const text = Array.from({ length: 300 }, (_, i) => `${sentence(i)}.`).join("\n");

const seeds = [
  { spec: "mask-moe", model: "MaskMoE", dtype: "f32", digits: 4, steps: 4 },
  { spec: "mh-moe", model: "MHMoE", dtype: "mixed(params: f32, compute: bf16, router: f32)", digits: 2, steps: 3 },
] as const;

/** A folder with text and the spec, and the flags that make the design small. */
function small(
  { spec, model, dtype }: { readonly spec: string; readonly model: string; readonly dtype: string },
  env: Readonly<Record<string, string>> = {},
): { m: Machine; flags: string[] } {
  const design = readFileSync(`specs/${spec}.moe`, "utf8").replace("repeat 6 of", "repeat 2 of");
  const gpu = { MOEC_LIBCUDA: process.env.MOEC_LIBCUDA ?? "", MOEC_LIBNVRTC: process.env.MOEC_LIBNVRTC ?? "", ...env };
  const m = machine({ [`${spec}.moe`]: design, "data/a.md": text, "data/b.md": text.slice(0, 9000) }, gpu);
  const set = {
    [`${model}.d_model`]: "32",
    [`${model}.context`]: "24",
    [`${model}.vocab`]: "280",
    [`${model}.dtype`]: dtype,
    "Attend.heads": "2",
    "Mixture.experts": "8 of swiglu(hidden: 24)",
    "Pretrain.tokenizer": "bpe(vocab: 280)",
    "Pretrain.batch": "2 * context",
  };
  const changes = Object.entries(set).flatMap(([path, value]) => ["--set", `${path}=${value}`]);
  return { m, flags: [`${spec}.moe`, "--data", "data/*.md", ...changes] };
}

/** Builds and runs a whole training step without a GPU. */
const SLOW = 240_000;

const metrics = (m: Machine, run: string): Record<string, number>[] =>
  m
    .read(`${run}/metrics.jsonl`)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.skipIf(whyNoEmulation !== undefined)("moec train --target cuda", () => {
  it.each(seeds)(
    "$spec, $dtype: $steps steps give the losses of the cpu target",
    async (seed) => {
      const { m, flags } = small(seed);
      for (const target of ["cpu", "cuda"]) {
        const { code, stderr } = await m.moec(
          "train",
          ...flags,
          "--steps",
          `${seed.steps}`,
          "--target",
          target,
          "--out",
          target,
        );
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      }
      const [cpu, gpu] = [metrics(m, "cpu"), metrics(m, "cuda")];
      expect(gpu.length).toBe(seed.steps);
      for (const [i, step] of gpu.entries()) {
        expect(step.loss).toBeCloseTo(cpu[i]!.loss!, seed.digits);
        expect(step.grad_norm! / cpu[i]!.grad_norm!).toBeCloseTo(1, seed.digits - 1);
      }
      expect(gpu.at(-1)!.val_loss).toBeCloseTo(cpu.at(-1)!.val_loss!, seed.digits);
      const manifest = JSON.parse(m.read("cuda/manifest.json"));
      expect(manifest).toMatchObject({ target: "cuda", status: "finished", device: "cuda (Emulated GPU)" });
      // and when it diverges, it says what was not a number first
      poison(nodeHost, m.path(`cuda/checkpoints/${seed.steps}`));
      const more = ["--resume", "--steps", `${seed.steps + 2}`, "--target", "cuda", "--out", "cuda"];
      const { code, stderr } = await m.moec("train", ...flags, ...more);
      expect(code).toBe(3);
      expect(stderr).toMatch(saysFirst);
    },
    SLOW,
  );
});

const bf16 = "mixed(params: f32, compute: bf16, router: f32)";

describe.skipIf(whyNoEmulation !== undefined)("moec train --target cuda on Hopper", () => {
  it.each(seeds)(
    "$spec, bf16: the losses of the kernels for every GPU",
    async (seed) => {
      const runs = await Promise.all(
        ["", "1"].map(async (hopper) => {
          const { m, flags } = small({ ...seed, dtype: bf16 }, hopper ? { FAKE_CUDA_HOPPER: hopper } : {});
          const asked = ["train", ...flags, "--steps", "2", "--target", "cuda", "--out", "run"];
          expect(await m.moec(...asked)).toMatchObject({ code: 0, stderr: "" });
          return metrics(m, "run").map(({ loss, grad_norm, val_loss }) => ({ loss, grad_norm, val_loss }));
        }),
      );
      expect(runs[1]).toEqual(runs[0]);
      expect(runs[1]!.length).toBe(2);
    },
    SLOW,
  );
});

/** What `moec train --target cuda` says where it cannot run. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  const { m, flags } = small(seeds[0], env);
  const { code, stderr } = await m.moec("train", ...flags, "--target", "cuda", "--steps", "1");
  expect(code).toBe(1);
  return stderr;
}

it("a machine without a driver says what was looked for", async () => {
  const said = await refusal({ MOEC_LIBCUDA: "libnowhere.so.7" });
  expect(said).toContain("MOE5006");
  expect(said).toContain("the CUDA driver (`libnowhere.so.7`) cannot be loaded");
});

describe.skipIf(whyNoEmulation !== undefined)("a GPU that will not do says why", () => {
  it.each<{ what: string; env: Readonly<Record<string, string>>; says: string[] }>([
    { what: "a driver that does not start", env: { FAKE_CUDA_BROKEN: "1" }, says: ["MOE5006", "does not start"] },
    { what: "no device", env: { FAKE_CUDA_DEVICES: "0" }, says: ["MOE5006", "knows no device"] },
    { what: "an old device", env: { FAKE_CUDA_OLD: "1" }, says: ["MOE5006", "compute capability 7"] },
    { what: "too little memory", env: { FAKE_CUDA_MEGABYTES: "0" }, says: ["MOE6022", "Emulated GPU"] },
  ])("$what", async ({ env, says }) => {
    const said = await refusal(env);
    for (const each of says) expect(said).toContain(each);
  });
});
