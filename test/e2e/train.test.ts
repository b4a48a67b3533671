/** From a spec to a trained model and a sample, as a user does it: the command, its files, its exit codes. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/runtime/safetensors.js";
import type { Called } from "../cli/command-line.js";
import { type Machine, tinyInMemory, tinyMachine } from "./machine.js";

type Metrics = readonly Record<string, number>[];
const objects = (lines: string): Metrics =>
  lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const metricsOf = (m: Machine, run: string): Metrics => objects(m.read(`${run}/metrics.jsonl`));
const metricsIn = ({ host }: Called, run: string): Metrics => objects(host.readText(`${run}/metrics.jsonl`));

const files = ["model.safetensors", "optimizer.safetensors", "state.json"] as const;

/** Whether two runs have the same checkpoint, byte by byte. */
function sameCheckpoint(read: (path: string) => Uint8Array, one: string, two: string, step: string): boolean[] {
  const bytes = (run: string, name: string): Uint8Array => read(`${run}/checkpoints/${step}/${name}`);
  return files.map((name) => Buffer.compare(bytes(one, name), bytes(two, name)) === 0);
}

describe("moec train", () => {
  it("learns, evaluates, reports, and leaves a run that can write", async () => {
    const m = tinyMachine();
    const { code, stdout, stderr } = await m.moec("train", "tiny.moe");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Tiny: [\d.]+k weights in 2 layers/);
    expect(stdout).toMatch(/memory: [\d.]+ [KM]iB planned for tensors/);
    expect(stdout).toMatch(/device: cpu (native|wasm) \(/);
    expect(stdout).toMatch(
      /^step 20\/20 100\.0% \| loss [\d.]+ \(ce [\d.]+ bal -?\.?[\d.]+\) \| val [\d.]+ ppl [\d.]+ bpb [\d.]+ \| lr .* \| eta 0s$/m,
    );
    expect(stdout).toMatch(/done: 20 steps \| runs\/tiny \|/);
    const metrics = metricsOf(m, "runs/tiny");
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(metrics[0]!.cross_entropy).toBeGreaterThan(5);
    expect(metrics[19]!.cross_entropy).toBeLessThan(4);
    expect(metrics.filter(({ val_loss }) => val_loss !== undefined).map(({ step }) => step)).toEqual([5, 10, 15, 20]);
    // 4 × 32 tokens, one edge each, in both layers
    const [load] = (metrics[7] as unknown as { expert_load: number[][] }).expert_load;
    expect(load!.reduce((a, b) => a + b)).toBe(128);
    const manifest = JSON.parse(m.read("runs/tiny/manifest.json"));
    expect(manifest).toMatchObject({ status: "finished", seed: 1, steps: 20, spec: { path: "tiny.moe" } });
    expect(JSON.stringify(manifest)).not.toContain(m.folder);

    const sample = await m.moec("sample", "runs/tiny", "--prompt", "the cat", "--tokens", "20");
    expect(sample).toMatchObject({ code: 0, stderr: expect.stringMatching(/^20 tokens \| [\d.]+ tok\/s/) });
    expect(sample.stdout.startsWith("the cat")).toBe(true);
    const again = await m.moec("sample", "runs/tiny", "--prompt", "the cat", "--tokens", "20");
    expect(again.stdout).toBe(sample.stdout);
    const long = await m.moec(
      "sample",
      "runs/tiny",
      "--prompt",
      "the cat sat ".repeat(9),
      "--tokens",
      "5",
      "--temperature",
      "0",
    );
    expect(long.code).toBe(0);
    expect(Buffer.byteLength(long.stdout)).toBeGreaterThan(9 * 12);
  });

  it("a killed and resumed run is the run that was never killed, bit for bit", async () => {
    const m = tinyMachine();
    const { child, ended } = m.start("train", "tiny.moe", "--out", "parts", "--json", "--steps", "3000");
    let seen = "";
    child.stdout!.on("data", (piece: string) => {
      seen += piece;
      // somewhere after the second checkpoint, without any warning
      if (seen.includes('"step":12,')) child.kill("SIGKILL");
    });
    expect((await ended).code).toBeNull();
    const last = Math.max(...readdirSync(m.path("parts/checkpoints")).map(Number).filter(Number.isFinite));
    expect(last).toBeGreaterThanOrEqual(10);
    const steps = String(last + 7);
    const resumed = await m.moec("train", "tiny.moe", "--out", "parts", "--resume", "--steps", steps);
    expect(resumed).toMatchObject({ code: 0, stderr: "" });
    expect(resumed.stdout).toContain(`going on from parts/checkpoints/${last}`);
    await m.moec("train", "tiny.moe", "--out", "whole", "--steps", steps);
    expect(sameCheckpoint(m.bytes, "whole", "parts", steps)).toEqual([true, true, true]);
    const losses = (run: string) => metricsOf(m, run).map(({ step, loss, grad_norm }) => [step, loss, grad_norm]);
    expect(losses("parts")).toEqual(losses("whole"));
  });

  it("gives the same numbers whatever the number of threads, and on the way of another run", async () => {
    const m = tinyInMemory();
    const [whole, parts] = ["8", "3"];
    for (const threads of ["1", "3"]) {
      const { stdout } = await m.moec("train", "tiny.moe", "--out", threads, "--threads", threads, "--steps", whole);
      expect(stdout).toMatch(new RegExp(`^device: cpu .*, ${threads} threads?,`, "m"));
    }
    expect(sameCheckpoint(m.host.readBytes, "1", "3", whole)).toEqual([true, true, true]);
    // stopping after fewer steps leaves the schedule as it is
    for (const more of [
      ["--steps", parts],
      ["--steps", whole, "--resume"],
    ])
      expect((await m.moec("train", "tiny.moe", "--out", "parts", ...more)).code).toBe(0);
    expect(sameCheckpoint(m.host.readBytes, "1", "parts", whole)).toEqual([true, true, true]);
  });

  it("numbers runs, never writes into one that is there, resumes the newest", async () => {
    const m = tinyInMemory();
    for (const steps of ["1", "2"]) expect((await m.moec("train", "tiny.moe", "--steps", steps)).code).toBe(0);
    expect(metricsIn(m, "runs/tiny")).toHaveLength(1);
    expect(metricsIn(m, "runs/tiny-2")).toHaveLength(2);
    const refused = await m.moec("train", "tiny.moe", "--out", "runs/tiny");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("MOE6025");
    await m.moec("train", "tiny.moe", "--resume", "--steps", "3");
    expect(metricsIn(m, "runs/tiny-2")).toHaveLength(3);
  });

  it("prints only JSON on stdout with --json, and the same objects to the metrics", async () => {
    const m = tinyInMemory();
    const { code, stdout, stderr } = await m.moec("train", "tiny.moe", "--json", "--steps", "3", "--seed", "7");
    expect(code).toBe(0);
    const printed = objects(stdout);
    expect(printed).toEqual(metricsIn(m, "runs/tiny"));
    const names = ["step", "loss", "cross_entropy", "balance", "lr", "grad_norm", "tokens_per_second"];
    expect(Object.keys(printed[0]!)).toEqual(
      expect.arrayContaining([...names, "load_max_over_mean", "dead_experts", "dropped"]),
    );
    expect(stderr).toContain("planned for tensors");
    expect(JSON.parse(m.host.readText("runs/tiny/manifest.json")).seed).toBe(7);
  });

  it("saves on Ctrl-C and answers 130", async () => {
    const m = tinyMachine();
    const { child, ended } = m.start("train", "tiny.moe", "--set", "Pretrain.steps=100_000", "--json");
    let steps = 0;
    child.stdout!.on("data", (piece: string) => {
      steps += piece.split("\n").length - 1;
      if (steps >= 3 && !child.killed) child.kill("SIGINT");
    });
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted: \d+ steps \| runs\/tiny \| go on with --resume/);
    expect(JSON.parse(m.read("runs/tiny/manifest.json")).status).toBe("interrupted");
    const done = metricsOf(m, "runs/tiny").length;
    expect(existsSync(m.path(`runs/tiny/checkpoints/${done}/model.safetensors`))).toBe(true);
    // a resumed run remembers what was set
    const resumed = await m.moec("train", "tiny.moe", "--resume", "--steps", String(done + 1));
    expect(resumed).toMatchObject({ code: 0, stderr: "" });
  });

  it("saves when whoever read its output has gone", async () => {
    const m = tinyMachine();
    const { child, ended } = m.start("train", "tiny.moe", "--set", "Pretrain.steps=100_000", "--json");
    child.stdout!.once("data", () => child.stdout!.destroy());
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    const [, done] = /interrupted: (\d+) steps/.exec(stderr) ?? [];
    expect(existsSync(m.path(`runs/tiny/checkpoints/${done}/model.safetensors`))).toBe(true);
  });

  it.skipIf(!existsSync("/dev/full"))("never calls it success when what was printed is lost", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, ["dist/src/cli/main.js", "--version"], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let stderr = "";
    child.stderr!.on("data", (piece: Buffer) => (stderr += piece.toString()));
    expect(await new Promise((done) => child.on("close", done))).toBe(1);
    expect(stderr).toContain("error[MOE6043]");
  });

  it("stops with 3 when it diverges, and keeps the last good checkpoint", async () => {
    const m = tinyInMemory();
    const spec = m.host
      .readText("tiny.moe")
      .replaceAll("lr: 3e-3", "lr: 1e9")
      .replace("warmup(4) then cosine(to: 10%)", "warmup(0)");
    m.host.write("wild.moe", spec.replace("eval every(5)", "eval every(1)"));
    const { code, stderr } = await m.moec("train", "wild.moe");
    expect(code).toBe(3);
    expect(stderr).toMatch(/error\[MOE6011\]: training diverged at step \d+: .+ is (NaN|-?Infinity)/);
    // found by running again: scores that overflow, in the first layer, for what a line of the spec says
    expect(stderr).toMatch(
      /help: first: at step \d+, `layers\.0\.\S+(\[[\d, ]+\])?` is (NaN|Infinity), written by kernel `\w+`, for Attend\.\w+ \(line \d+\)/,
    );
    expect(JSON.parse(m.host.readText("runs/wild/manifest.json")).status).toBe("diverged");
  });

  it("trains on WebAssembly, too, and gets the same numbers within rounding", async () => {
    const [native, wasm] = [tinyMachine({ MOEC_THREADS: "2" }), tinyMachine({ MOEC_CPU: "wasm", MOEC_THREADS: "2" })];
    const outcome = await wasm.moec("train", "tiny.moe", "--steps", "5");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toContain("device: cpu wasm (clang");
    await native.moec("train", "tiny.moe", "--steps", "5");
    const [a, b] = [metricsOf(native, "runs/tiny"), metricsOf(wasm, "runs/tiny")];
    b.forEach(({ loss }, i) => {
      expect(loss).toBeCloseTo(a[i]!.loss!, 3);
    });
  }, 180_000);
});

describe("moec init and trace", () => {
  it("writes every tensor of the contract, and both targets agree", async () => {
    const m = tinyInMemory();
    // one shared expert: to the graph it has no axis of experts, to whoever reads a trace it has
    const shared = "experts 4 of swiglu(hidden: 48)\n  shared 1 of swiglu(hidden: 8)";
    m.host.write("tiny.moe", m.host.readText("tiny.moe").replace("experts 4 of swiglu(hidden: 48)", shared));
    const rows = [0, 1, 2].map((row) => Array.from({ length: 17 }, (_, i) => (row * 50 + i * i * 3 + 97) % 256));
    m.host.write("t.json", JSON.stringify({ tokens: rows }));
    m.host.write("counts.json", JSON.stringify(Array.from({ length: 256 }, (_, i) => i * 3)));
    expect((await m.moec("init", "tiny.moe", "--out", "w.safetensors", "--counts", "counts.json")).code).toBe(0);
    const trace = (target: string) =>
      m.moec(
        "trace",
        "tiny.moe",
        "--weights",
        "w.safetensors",
        "--tokens",
        "t.json",
        "--out",
        `${target}.safetensors`,
        "--target",
        target,
      );
    for (const target of ["cpu", "reference"]) expect(await trace(target)).toMatchObject({ code: 0, stderr: "" });
    const open = (name: string) => readSafetensors(m.host, name).tensors;
    const [weights, cpu, reference] = [open("w.safetensors"), open("cpu.safetensors"), open("reference.safetensors")];
    const shapes = Object.fromEntries(
      [...cpu].map(([name, { dtype, shape }]) => [name, `${dtype} ${shape.join("x")}`]),
    );
    expect(shapes).toMatchObject({
      loss: "F32 ",
      cross_entropy: "F32 ",
      logits: "F32 3x16x256",
      "layers.1.mixture.router.scores": "F32 48x4",
      "layers.1.mixture.edges.expert": "I32 48x1",
      "layers.1.mixture.edges.weight": "F32 48x1",
      "layers.1.mixture.load": "F32 4",
      "layers.1.mixture.dropped": "F32 ",
    });
    expect(weights.get("layers.0.mixture.visible")).toMatchObject({ dtype: "U8", shape: [256, 4] });
    for (const [name, { dtype, shape }] of weights) {
      if (dtype !== "F32") continue;
      expect(reference.get(`grad.${name}`)).toMatchObject({ dtype: "F64", shape });
      expect(cpu.get(`grad.${name}`)).toMatchObject({ dtype: "F32", shape });
    }
    expect([...cpu.keys()].sort()).toEqual([...reference.keys()].sort());
    for (const [name, tensor] of reference) {
      const [want, got] = [tensor.data() as Float64Array, cpu.get(name)!.data() as Float32Array];
      const scale = want.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-6);
      const far = want.reduce((most, each, i) => Math.max(most, Math.abs(each - got[i]!)), 0);
      expect([name, far / scale < 1e-4]).toEqual([name, true]);
    }
  });

  it("draws the same weights and tables for the same seed, others for another", async () => {
    const m = tinyInMemory();
    for (const [out, seed] of [
      ["a", "5"],
      ["b", "5"],
      ["c", "6"],
    ] as const) {
      expect((await m.moec("init", "tiny.moe", "--out", out, "--seed", seed)).code).toBe(0);
    }
    const same = (one: string, two: string) => Buffer.compare(m.host.readBytes(one), m.host.readBytes(two)) === 0;
    expect([same("a", "b"), same("a", "c")]).toEqual([true, false]);
  });
});
