/** Every WGSL text of every shipped spec, at its own size, through two compilers: Tint (in Dawn, without a GPU) and naga. */
import { readdirSync, readFileSync } from "node:fs";
import { NagaError, parseWgsl, validate } from "naga-wasm";
import { describe, expect, it } from "vitest";
import { planPrograms } from "../../../src/5-plan/plan-programs.js";
import { planToWgsl } from "../../../src/6-emit/wgsl/program.js";
import { checkSpec, graphsOf } from "../../../src/pipeline.js";
import { openDawn } from "../../../src/targets/wgsl/adapter.js";
import { portable, softwareClass } from "../../../src/targets/wgsl/limits.js";
import type { WgslProgram } from "../../../src/targets/wgsl/program.js";

/** A device that checks everything and runs nothing, or why there is none. */
const device = await openDawn("null")
  .then(async (gpu) => (await gpu.requestAdapter())!.requestDevice())
  .catch((error: Error) => error.message);
if (typeof device === "string") console.warn(`skipped: WGSL cannot be checked here (${device})`);

async function tint(code: string): Promise<string[]> {
  if (typeof device === "string") throw new Error(device);
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  return messages.map((m) => `Tint: ${m.type} in line ${m.lineNum}: ${m.message}`);
}

function naga(code: string): string[] {
  try {
    validate(parseWgsl(code));
    return [];
  } catch (error) {
    return [`naga: ${error instanceof NagaError ? error.formatted : String(error)}`];
  }
}

async function complaints({ kernels }: WgslProgram): Promise<string[]> {
  const found: string[] = [];
  for (const { name, code } of kernels)
    found.push(...[...(await tint(code)), ...naga(code)].map((line) => `${name}: ${line}`));
  return found;
}

const specs = readdirSync("specs").filter((name) => name.endsWith(".moe"));

function programOf(spec: string, profile = portable): WgslProgram {
  const path = `specs/${spec}`;
  const { design } = checkSpec({ path, text: readFileSync(path, "utf8") });
  const { graphs } = graphsOf(design!, { programs: ["train", "evaluate", "trace"] });
  const plan = planPrograms(graphs as Record<string, never>, { fusion: { hotRow: 0 } });
  return planToWgsl(plan, { title: design!.model!.name, spec: path, hash: design!.spec.hash, version: "0", profile });
}

describe.skipIf(typeof device === "string").each(specs)("WGSL of %s", (spec) => {
  it("is accepted by Tint and naga", async () => {
    expect(await complaints(programOf(spec))).toEqual([]);
  });
  it("stays within what every adapter allows", () => {
    const { needs, memories } = programOf(spec);
    expect(needs.storageBuffers).toBeLessThanOrEqual(portable.storageBuffers);
    expect(needs.binding.bytes).toBeLessThanOrEqual(portable.binding);
    expect(Math.max(...memories)).toBeLessThanOrEqual(portable.buffer);
  });
  it("is accepted with the tiles of software adapters", async () => {
    expect(await complaints(programOf(spec, softwareClass))).toEqual([]);
  });
  it("is the same every time", () => {
    expect(programOf(spec)).toEqual(programOf(spec));
  });
});

it.skipIf(typeof device === "string")("both compilers do refuse", async () => {
  const wrong = "@compute @workgroup_size(1) fn main() { let x: f32 = 1u; }";
  expect((await tint(wrong)).length).toBeGreaterThan(0);
  expect(naga(wrong).length).toBeGreaterThan(0);
});
