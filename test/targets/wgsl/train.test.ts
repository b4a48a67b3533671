/**
 * Training on a GPU as a user does it, on the software adapter: both seed designs, small and of two layers, against the
 * cpu target in f32, and one with products of 16 bits.
 */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { run } from "../../../src/cli/run.js";
import { memoryHost } from "../../../src/host/memory.js";
import { type Machine, machine } from "../../e2e/machine.js";
import { poison, saysFirst } from "../../e2e/poisoned.js";
import { shareDevice, software } from "./agree.js";

const asked = process.env.MOEC_ADAPTER;
process.env.MOEC_ADAPTER = "software";
afterAll(() => {
  if (asked === undefined) delete process.env.MOEC_ADAPTER;
  else process.env.MOEC_ADAPTER = asked;
});

const words = "the expert router sends every token to one of eight small networks and adds what they answer".split(" ");
const sentence = (seed: number): string =>
  Array.from({ length: 12 }, (_, i) => words[(seed * 7 + i * i * 3 + i) % words.length]).join(" ");
const text = Array.from({ length: 300 }, (_, i) => `${sentence(i)}.`).join("\n");

interface Seed {
  readonly spec: string;
  readonly model: string;
  readonly compute: "f32" | "f16";
  readonly steps: number;
  /** decimals in which losses agree, and in which norms of gradients do in relation */
  readonly digits: readonly [loss: number, norm: number];
}

const seeds: readonly Seed[] = [
  { spec: "mask-moe", model: "MaskMoE", compute: "f32", steps: 20, digits: [4, 3] },
  { spec: "mh-moe", model: "MHMoE", compute: "f32", steps: 20, digits: [4, 3] },
  { spec: "mh-moe", model: "MHMoE", compute: "f16", steps: 20, digits: [3, 3] },
];

/** A folder with text and the spec, and the flags that make the design small. */
function small({ spec, model }: Seed): { m: Machine; files: Record<string, string>; flags: string[] } {
  const files = {
    [`${spec}.moe`]: readFileSync(`specs/${spec}.moe`, "utf8").replace("repeat 6 of", "repeat 2 of"),
    "data/a.md": text,
    "data/b.md": text.slice(0, 9000),
  };
  const m = machine(files, { MOEC_ADAPTER: "software" });
  const set = {
    [`${model}.d_model`]: "32",
    [`${model}.context`]: "24",
    [`${model}.vocab`]: "280",
    "Attend.heads": "2",
    "Mixture.experts": "8 of swiglu(hidden: 24)",
    "Pretrain.tokenizer": "bpe(vocab: 280)",
    "Pretrain.batch": "2 * context",
  };
  return {
    m,
    files,
    flags: [
      `${spec}.moe`,
      "--data",
      "data/*.md",
      ...Object.entries(set).flatMap(([path, value]) => ["--set", `${path}=${value}`]),
    ],
  };
}

const metrics = (m: Machine, run: string): Record<string, number>[] =>
  m
    .read(`${run}/metrics.jsonl`)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.skipIf(typeof software === "string")("moec train --target wgsl", () => {
  it.each(seeds)(
    "$spec in $compute: $steps steps give the losses of the cpu target",
    async (seed) => {
      const { m, flags } = small(seed);
      const dtype = `${seed.model}.dtype=mixed(params: f32, compute: ${seed.compute}, router: f32)`;
      const more = ["--set", dtype, "--steps", `${seed.steps}`];
      for (const target of ["cpu", "wgsl"]) {
        const { code, stderr } = await m.moec("train", ...flags, ...more, "--target", target, "--out", target);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      }
      const [cpu, gpu] = [metrics(m, "cpu"), metrics(m, "wgsl")];
      expect(gpu.length).toBe(seed.steps);
      const [loss, norm] = seed.digits;
      for (const [i, step] of gpu.entries()) {
        expect(step.loss).toBeCloseTo(cpu[i]!.loss!, loss);
        expect(step.cross_entropy).toBeCloseTo(cpu[i]!.cross_entropy!, loss);
        expect(step.grad_norm! / cpu[i]!.grad_norm!).toBeCloseTo(1, norm);
      }
      expect(gpu.at(-1)!.val_loss).toBeCloseTo(cpu.at(-1)!.val_loss!, loss);
      // and it is what was asked for: the same numbers would be f32
      expect(gpu.every((step, i) => Math.abs(step.loss! - cpu[i]!.loss!) < 4e-6)).toBe(seed.compute === "f32");
      const manifest = JSON.parse(m.read("wgsl/manifest.json"));
      expect(manifest).toMatchObject({
        target: "wgsl",
        status: "finished",
        device: expect.stringMatching(/^wgsl \(SwiftShader .*, software\)$/),
      });
    },
    120_000,
  );

  it("goes on with a checkpoint as if it had never stopped, and the cpu target can sample from it", async () => {
    await shareDevice();
    const { flags, files } = small(seeds[0]!);
    const host = memoryHost({ files });
    const moec = async (...args: string[]) => {
      const code = await run(args, host);
      expect({ code, errors: code === 0 ? [] : host.errors }).toEqual({ code: 0, errors: [] });
    };
    const train = (out: string, ...more: string[]) =>
      moec("train", ...flags, "--target", "wgsl", "--out", out, "--steps", ...more);
    await train("whole", "4");
    await train("parts", "2");
    await train("parts", "4", "--resume");
    for (const file of ["model", "optimizer"]) {
      const path = `checkpoints/4/${file}.safetensors`;
      expect(Buffer.compare(host.readBytes(`parts/${path}`), host.readBytes(`whole/${path}`))).toBe(0);
    }
    await moec("sample", "whole", "--prompt", "the", "--tokens", "4");
    // and when it diverges, it says what was not a number first
    poison(host, "parts/checkpoints/4");
    const { length } = host.errors;
    const args = ["train", ...flags, "--target", "wgsl", "--out", "parts", "--resume", "--steps", "6"];
    expect(await run(args, host)).toBe(3);
    expect(host.errors.slice(length).join("")).toMatch(saysFirst);
  }, 120_000);

  it("traces what the reference traces", async () => {
    const { m, flags } = small(seeds[1]!);
    const [spec, , , ...set] = flags as [string, ...string[]];
    m.write(
      "t.json",
      JSON.stringify({ tokens: [0, 1].map((b) => Array.from({ length: 13 }, (_, i) => (i * 17 + b * 5) % 280)) }),
    );
    const plain = [spec, ...set];
    expect(await m.moec("init", ...plain, "--out", "w.safetensors", "--data", "data/*.md")).toMatchObject({ code: 0 });
    const losses: number[] = [];
    for (const target of ["reference", "wgsl"]) {
      const { code, stdout } = await m.moec(
        "trace",
        ...plain,
        "--weights",
        "w.safetensors",
        "--tokens",
        "t.json",
        "--out",
        `${target}.safetensors`,
        "--target",
        target,
      );
      expect(code).toBe(0);
      losses.push(Number(/loss ([\d.]+)/.exec(stdout)![1]));
    }
    expect(losses[1]).toBeCloseTo(losses[0]!, 4);
  });
});

it("an adapter that nobody knows is a mistake of the user", async () => {
  const { m } = small(seeds[0]!);
  const other = machine({ "mask-moe.moe": m.read("mask-moe.moe") }, { MOEC_ADAPTER: "quantum" });
  const { code, stderr } = await other.moec("train", "mask-moe.moe", "--target", "wgsl");
  expect(code).toBe(1);
  expect(stderr).toContain("MOE5009");
  expect(stderr).toContain("`software` or `gpu`");
});
