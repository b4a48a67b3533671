/** The training loop on a toy: files it leaves, resuming, interruption, divergence, and everything that can be missing. */
import { describe, expect, it } from "vitest";
import type { DiagnosticError } from "../../src/diagnostics/diagnostic.js";
import { type MemoryHost, memoryHost } from "../../src/host/memory.js";
import { checkpointSteps, openCheckpoint } from "../../src/runtime/checkpoint.js";
import { readManifest } from "../../src/runtime/run-folder.js";
import { sha256 } from "../../src/runtime/sha256.js";
import type { StepReport } from "../../src/runtime/step-report.js";
import { type TrainEvents, type TrainOptions, train } from "../../src/runtime/train.js";
import { toyBundle, toyDevice, toyFiles } from "./toy.js";

const folder = "runs/toy";
const machine = () => memoryHost({ files: toyFiles() });

function start(host: MemoryHost, more: Partial<TrainOptions> = {}, events: TrainEvents = {}) {
  return train(toyBundle(), { host, folder, open: toyDevice().open, threads: 1, ...more }, events);
}

const lines = (host: MemoryHost): Record<string, number>[] =>
  host
    .readText(`${folder}/metrics.jsonl`)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** Comparing bytes one by one takes vitest a second a file. */
const bytesOf = (host: MemoryHost, step: number, file: string) =>
  sha256(host.readBytes(`${folder}/checkpoints/${step}/${file}`));

const allFiles = (host: MemoryHost) => new Map([...host.files].map(([path, bytes]) => [path, sha256(bytes)]));

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (cause) => cause as DiagnosticError,
  );
  return error?.diagnostics?.[0]?.code ?? String(error);
}

describe("a run", () => {
  it("trains, evaluates, and leaves everything in its folder", async () => {
    const host = machine();
    const reports: StepReport[] = [];
    const result = await start(host, { specText: "edition 1\n" }, { step: (report) => reports.push(report) });
    expect(result).toEqual({ outcome: "finished", step: 12 });
    const metrics = lines(host);
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(metrics.filter((each) => "val_loss" in each).map(({ step }) => step)).toEqual([4, 8, 12]);
    expect(metrics[11]!.cross_entropy).toBeLessThan(metrics[0]!.cross_entropy! - 1);
    expect(metrics[11]!.val_loss).toBeLessThan(metrics[3]!.val_loss!);
    // one byte per token: bits per byte are bits per token
    expect(metrics[11]!.val_bits_per_byte).toBeCloseTo(metrics[11]!.val_loss! / Math.LN2, 5);
    expect(metrics[11]).toMatchObject({
      load_max_over_mean: 2,
      dead_experts: 1,
      dropped: 0,
      expert_load: [[4, 4, 8, 0]],
    });
    expect(host.list(folder)).toEqual(["checkpoints", "manifest.json", "metrics.jsonl", "spec.moe", "tokenizer.json"]);
    expect(checkpointSteps(host, folder)).toEqual([8, 12]);
    expect(readManifest(host, folder)).toMatchObject({ status: "finished", seed: 3, steps: 12, spec: { hash: "abc" } });
    expect(reports.at(-1)!.progress).toMatchObject({ step: 12, steps: 12 });
  });

  it("does the same twice", async () => {
    const [one, two] = [machine(), machine()];
    await start(one);
    await start(two);
    for (const file of ["model.safetensors", "optimizer.safetensors", "state.json"]) {
      expect(bytesOf(two, 12, file)).toEqual(bytesOf(one, 12, file));
    }
  });

  it("does something else with another seed", async () => {
    const [one, two] = [machine(), machine()];
    await start(one);
    await start(two, { seed: 4 });
    expect(bytesOf(two, 12, "model.safetensors")).not.toEqual(bytesOf(one, 12, "model.safetensors"));
  });

  it("never writes into the folder of another run", async () => {
    const host = machine();
    await start(host, { steps: 1 });
    const before = allFiles(host);
    expect(await codeOf(start(host))).toBe("MOE6025");
    expect(allFiles(host)).toEqual(before);
  });
});

describe("resuming", () => {
  it("continues bit for bit, after an end and after an interruption in between", async () => {
    const [whole, parts] = [machine(), machine()];
    await start(whole);
    await start(parts, { steps: 5 });
    const controller = new AbortController();
    const stopAt7 = { step: ({ metrics }: StepReport) => metrics.step === 7 && controller.abort() };
    const stopped = await start(parts, { resume: true, signal: controller.signal }, stopAt7 as TrainEvents);
    expect(stopped).toEqual({ outcome: "interrupted", step: 7 });
    expect(readManifest(parts, folder).status).toBe("interrupted");
    const trainer = toyDevice();
    expect(await start(parts, { resume: true, open: trainer.open })).toEqual({ outcome: "finished", step: 12 });
    expect(trainer.trained()).toBe(5);
    for (const file of ["model.safetensors", "optimizer.safetensors", "state.json"]) {
      expect(bytesOf(parts, 12, file)).toEqual(bytesOf(whole, 12, file));
    }
    const plain = (host: MemoryHost) => lines(host).map(({ tokens_per_second: _, ...rest }) => rest);
    // the evaluation of step 5 was asked for by the shorter run
    expect(plain(parts).map(({ loss }) => loss)).toEqual(plain(whole).map(({ loss }) => loss));
  });

  it("drops what a killed process wrote after its last checkpoint", async () => {
    const host = machine();
    await start(host, { steps: 6 });
    host.write(
      `${folder}/metrics.jsonl`,
      `${host.readText(`${folder}/metrics.jsonl`)}{"step":7,"loss":1}\n{"step":8,"lo`,
    );
    await start(host, { steps: 7, resume: true });
    expect(lines(host).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(lines(host)[6]!.loss).not.toBe(1);
  });

  it("has nothing to do when all steps are done", async () => {
    const host = machine();
    await start(host);
    expect(await start(host, { resume: true })).toEqual({ outcome: "finished", step: 12 });
  });

  it("refuses what cannot be the same run", async () => {
    const host = machine();
    expect(await codeOf(start(host, { resume: true }))).toBe("MOE6016");
    await start(host, { steps: 4 });
    expect(await codeOf(start(host, { resume: true, seed: 9 }))).toBe("MOE6029");
    // one letter differs: as many tokens, other tokens
    for (const path of [...host.files.keys()].filter((each) => each.endsWith(".txt"))) {
      host.write(path, host.readText(path).replace("cat", "rat"));
    }
    expect(await codeOf(start(host, { resume: true }))).toBe("MOE6029");
  });

  it("refuses a damaged checkpoint and leaves everything as it is", async () => {
    const host = machine();
    await start(host, { steps: 4 });
    const path = `${folder}/checkpoints/4/model.safetensors`;
    host.write(path, host.readBytes(path).slice(0, -7));
    const before = allFiles(host);
    expect(await codeOf(start(host, { resume: true }))).toBe("MOE6007");
    expect(allFiles(host)).toEqual(before);
  });
});

describe("divergence", () => {
  it("stops at the step, says what went wrong first, keeps the last good checkpoint", async () => {
    const host = machine();
    const result = await start(host, { open: toyDevice({}, 6).open });
    expect(result.outcome).toBe("diverged");
    expect(result.diagnostic).toMatchObject({
      code: "MOE6011",
      message: "training diverged at step 7: the loss is Infinity",
    });
    expect(result.diagnostic!.help![0]!.text).toContain("step 4 is untouched");
    expect(checkpointSteps(host, folder)).toEqual([4]);
    expect(openCheckpoint(host, folder).step).toBe(4);
    expect(readManifest(host, folder).status).toBe("diverged");
  });

  it("never saves weights that are no longer numbers", async () => {
    const host = machine();
    const result = await start(host, { open: toyDevice({ lr: 1e38 }).open });
    expect(result).toMatchObject({ outcome: "diverged" });
    expect(result.diagnostic!.code).toBe("MOE6011");
    expect(checkpointSteps(host, folder)).toEqual([]);
  });
});

describe("trouble", () => {
  it("names data that is missing, empty or too short", async () => {
    expect(await codeOf(start(memoryHost()))).toBe("MOE6001");
    expect(await codeOf(start(memoryHost({ files: { "data/a.txt": "" } })))).toBe("MOE6002");
    expect(await codeOf(start(memoryHost({ files: { "data/a.txt": "short" } })))).toBe("MOE6003");
    expect(await codeOf(start(machine(), { data: ["nowhere/**"] }))).toBe("MOE6001");
  });

  it("leaves the old checkpoint when the disk is full", async () => {
    const host = machine();
    await start(host, { steps: 4 });
    const full = memoryHost({ capacity: [...host.files.values()].reduce((sum, { length }) => sum + length, 0) + 3000 });
    for (const [path, bytes] of host.files) full.files.set(path, bytes);
    for (const each of host.folders) full.folders.add(each);
    expect(await codeOf(start(full, { resume: true }))).toBe("MOE6008");
    expect(checkpointSteps(full, folder)).toEqual([4]);
    expect(openCheckpoint(full, folder).step).toBe(4);
  });
});
