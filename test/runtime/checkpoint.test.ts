import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import type { DiagnosticError } from "../../src/diagnostics/diagnostic.js";
import { type MemoryHost, memoryHost } from "../../src/host/memory.js";
import { nodeHost } from "../../src/host/node.js";
import {
  type Checkpoint,
  checkpointSteps,
  checkTensors,
  openCheckpoint,
  saveCheckpoint,
} from "../../src/runtime/checkpoint.js";
import { readSafetensors } from "../../src/runtime/safetensors.js";
import { writeSafetensors } from "../../src/runtime/safetensors-write.js";

/** All three files say which step they belong to. */
function checkpoint(step: number, note = 0): Checkpoint {
  const data = Float32Array.from({ length: 1000 }, () => step + note);
  const tensor = (name: string) => ({ name, dtype: "F32", shape: [1000], data }) as const;
  return { step, model: [tensor("w")], optimizer: [tensor("m"), tensor("v")], state: { note, sampler: { step } } };
}

/** Opens the newest checkpoint and fails unless its files belong together. */
function openWhole(host: Parameters<typeof openCheckpoint>[0], run: string): { step: number; note: number } {
  const { step, state, model, optimizer } = openCheckpoint(host, run);
  const value = step + (state.note as number);
  for (const tensor of [model.tensors.get("w")!, optimizer.tensors.get("m")!, optimizer.tensors.get("v")!]) {
    expect(new Set(tensor.float32())).toEqual(new Set([value]));
  }
  expect(state).toEqual({ step, note: state.note, sampler: { step } });
  return { step, note: state.note as number };
}

const asFiles = (host: MemoryHost) => Object.fromEntries(host.files);

describe("saving", () => {
  test("keeps the two newest and opens the newest", () => {
    const host = memoryHost();
    for (const step of [5, 10, 100]) saveCheckpoint(host, "run", checkpoint(step));
    expect(checkpointSteps(host, "run")).toEqual([10, 100]);
    expect(host.list("run/checkpoints")).toEqual(["10", "100"]);
    expect(host.list("run/checkpoints/100")).toEqual(["model.safetensors", "optimizer.safetensors", "state.json"]);
    expect(openWhole(host, "run")).toEqual({ step: 100, note: 0 });
    expect(openCheckpoint(host, "run", 10).step).toBe(10);
  });
  test("replaces a step that was saved before", () => {
    const host = memoryHost();
    saveCheckpoint(host, "run", checkpoint(5));
    saveCheckpoint(host, "run", checkpoint(5, 1));
    expect(openWhole(host, "run")).toEqual({ step: 5, note: 1 });
    expect(host.list("run/checkpoints")).toEqual(["5"]);
  });
  test("killed before any of its operations leaves the old or the new one, never a mix", () => {
    for (const [next, note] of [
      [20, 0],
      [10, 1],
    ] as const) {
      const before = memoryHost();
      for (const step of [5, 10]) saveCheckpoint(before, "run", checkpoint(step));
      const whole = memoryHost({ files: asFiles(before) });
      saveCheckpoint(whole, "run", checkpoint(next, note));
      const seen = new Set<string>();
      for (let crashAt = 0; crashAt <= whole.operations(); crashAt++) {
        const host = memoryHost({ files: asFiles(before), crashAt });
        try {
          saveCheckpoint(host, "run", checkpoint(next, note));
        } catch (error) {
          expect((error as Error).message).toMatch(/EOTHER|MOE6014/);
        }
        const after = memoryHost({ files: asFiles(host) });
        const { step, note: found } = openWhole(after, "run");
        seen.add(`${step}/${found}`);
        for (const each of checkpointSteps(after, "run")) expect(openCheckpoint(after, "run", each).step).toBe(each);
        saveCheckpoint(after, "run", checkpoint(30));
        expect(openWhole(after, "run").step).toBe(30);
        expect(after.list("run/checkpoints").every((name) => /^\d+$/.test(name))).toBe(true);
      }
      expect(whole.operations()).toBeGreaterThan(8);
      expect([...seen].sort()).toEqual(["10/0", `${next}/${note}`].sort());
    }
  });
  test("on a full disk changes nothing and says so", () => {
    const host = memoryHost({ capacity: 30_000 });
    saveCheckpoint(host, "run", checkpoint(1));
    saveCheckpoint(host, "run", checkpoint(2));
    expect(() => saveCheckpoint(host, "run", checkpoint(3))).toThrow(
      "MOE6008: the disk is full: `run/checkpoints/3` was not written",
    );
    expect(host.list("run/checkpoints")).toEqual(["1", "2"]);
    expect(openWhole(host, "run").step).toBe(2);
  });
});

describe("opening", () => {
  const saved = (): MemoryHost => {
    const host = memoryHost();
    for (const step of [1, 2]) saveCheckpoint(host, "run", checkpoint(step));
    return host;
  };
  test("nothing, or a step that is not there, is refused", () => {
    expect(() => openCheckpoint(memoryHost(), "run")).toThrow("MOE6016: `run` holds no checkpoint");
    expect(() => openCheckpoint(saved(), "run", 7)).toThrow("MOE6016: `run` holds no checkpoint of step 7");
  });
  test("nothing is tidied up: the run may be under way", () => {
    const host = saved();
    host.write("run/checkpoints/.writing-3/model.safetensors", "half of it");
    const before = host.operations();
    expect(openWhole(host, "run").step).toBe(2);
    expect(host.operations()).toBe(before);
  });
  test("a truncated tensor is refused, with the way back", () => {
    const host = saved();
    const path = "run/checkpoints/2/optimizer.safetensors";
    host.write(path, host.readBytes(path).slice(0, -1));
    try {
      openCheckpoint(host, "run");
      expect.unreachable();
    } catch (error) {
      const [problem] = (error as DiagnosticError).diagnostics;
      expect(problem!.message).toBe(`\`${path}\` is not a whole safetensors file: it ends 1 bytes too early`);
      expect(problem!.help).toEqual([{ text: "remove `run/checkpoints/2` to go on from step 1" }]);
    }
    host.remove("run/checkpoints/2");
    expect(openWhole(host, "run").step).toBe(1);
  });
  test.each([
    ["{", "its state.json is not JSON"],
    ["[]", "its state.json names no step"],
    [undefined, "it has no state.json"],
  ])("a damaged state is refused: %s", (content, message) => {
    const host = saved();
    host.remove("run/checkpoints/2/state.json");
    if (content !== undefined) host.write("run/checkpoints/2/state.json", content);
    expect(() => openCheckpoint(host, "run")).toThrow(
      `MOE6030: the checkpoint \`run/checkpoints/2\` cannot be used: ${message}`,
    );
  });
});

describe("checking tensors", () => {
  const host = memoryHost();
  const f32 = (name: string, ...shape: number[]) => ({
    name,
    dtype: "F32" as const,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  writeSafetensors(host, "w.safetensors", [f32("a", 2, 3), f32("b", 3), f32("extra", 1)]);
  const file = readSafetensors(host, "w.safetensors");
  test("accepts what fits", () => {
    checkTensors(file, [f32("b", 3), f32("a", 2, 3), f32("extra", 1)]);
  });
  test("reports all differences at once", () => {
    const expected = [f32("a", 3, 2), { ...f32("b", 3), dtype: "U8" as const }, f32("c", 1)];
    try {
      checkTensors(file, expected);
      expect.unreachable();
    } catch (error) {
      expect((error as DiagnosticError).diagnostics.map(({ code, message }) => [code, message])).toEqual([
        ["MOE6006", "`a` in `w.safetensors` is [2, 3], the model needs [3, 2]"],
        ["MOE6018", "`b` in `w.safetensors` is F32, the model needs U8"],
        ["MOE6004", "`w.safetensors` has no tensor `c`"],
        ["MOE6005", "`w.safetensors` has a tensor `extra` that the model does not have"],
      ]);
    }
  });
});

/** The runtime as JavaScript, for a process of its own. */
function transpileRuntime(to: string): void {
  for (const folder of ["runtime", "host", "diagnostics"]) {
    for (const name of readdirSync(`src/${folder}`, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const target = join(to, "src", folder, name.replace(/\.ts$/, ".js"));
      mkdirSync(dirname(target), { recursive: true });
      const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
      writeFileSync(
        target,
        ts.transpileModule(readFileSync(join("src", folder, name), "utf8"), { compilerOptions: options }).outputText,
      );
    }
  }
  writeFileSync(join(to, "package.json"), '{"type":"module"}');
  symlinkSync(resolve("node_modules"), join(to, "node_modules"));
}

const saver = `
import { nodeHost } from "./src/host/node.js";
import { saveCheckpoint } from "./src/runtime/checkpoint.js";
const first = Number(process.argv[2]);
for (let step = first; ; step++) {
  const data = new Float32Array(200_000).fill(step);
  const tensor = (name) => ({ name, dtype: "F32", shape: [200_000], data });
  saveCheckpoint(nodeHost, "run", { step, model: [tensor("w")], optimizer: [tensor("m"), tensor("v")], state: { note: 0, sampler: { step } } });
  console.log(step);
}`;

test("a process killed with SIGKILL while saving leaves a whole checkpoint, the last it reported or the next", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moec-kill-"));
  try {
    transpileRuntime(folder);
    writeFileSync(join(folder, "saver.js"), saver);
    let newest = 0;
    for (const delay of [0, 3, 7, 12, 18, 25]) {
      const reported = await killedSaver(folder, newest + 1, delay);
      const { step } = openWhole(nodeHost, join(folder, "run"));
      expect(step === reported || step === reported + 1).toBe(true);
      newest = step;
    }
    expect(newest).toBeGreaterThanOrEqual(6);
    expect(checkpointSteps(nodeHost, join(folder, "run")).length).toBeLessThanOrEqual(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Starts a process that saves from a step on, kills it `delay` ms after its first report; the last step it reported. */
function killedSaver(cwd: string, first: number, delay: number): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ["saver.js", String(first)], { cwd });
    let output = "";
    let problems = "";
    child.stderr.on("data", (text) => {
      problems += text;
    });
    child.stdout.on("data", (text) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), delay);
      output += text;
    });
    child.on("close", (_, signal) => {
      if (signal === "SIGKILL") done(Number(output.trim().split("\n").at(-1)));
      else fail(new Error(problems));
    });
  });
}
