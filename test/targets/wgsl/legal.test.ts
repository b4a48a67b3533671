/** Every WGSL text of every shipped spec, at its own size, through two compilers: Tint (in Dawn, without a GPU) and naga. */
import { readdirSync, readFileSync } from "node:fs";
import { NagaError, parseWgsl, validate } from "naga-wasm";
import { describe, expect, it } from "vitest";
import type { KernelPlan } from "../../../src/5-plan/plan.js";
import { planPrograms } from "../../../src/5-plan/plan-programs.js";
import { planToWgsl } from "../../../src/6-emit/wgsl/program.js";
import type { Provenance } from "../../../src/6-emit/wgsl/view.js";
import { checkSpec, graphsOf } from "../../../src/pipeline.js";
import { openDawn } from "../../../src/targets/wgsl/adapter.js";
import { portable, softwareClass } from "../../../src/targets/wgsl/limits.js";
import type { WgslProgram } from "../../../src/targets/wgsl/program.js";

/** A device that checks everything and runs nothing, or why there is none. */
const device = await openDawn("null")
  .then(async (gpu) => {
    const adapter = (await gpu.requestAdapter())!;
    const wanted = (["subgroups", "shader-f16"] as const).filter((f) => adapter.features.has(f));
    return adapter.requestDevice({ requiredFeatures: wanted });
  })
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
    // naga knows the functions of subgroups, but not yet the line that asks for them
    validate(parseWgsl(code.replace("enable subgroups;", "")));
    return [];
  } catch (error) {
    return [`naga: ${error instanceof NagaError ? error.formatted : String(error)}`];
  }
}

/** What is said about a text, by the text without its head: designs share most of their kernels. */
const known = new Map<string, string[]>();

async function complaints({ kernels }: WgslProgram): Promise<string[]> {
  const found: string[] = [];
  for (const { name, code } of kernels) {
    const body = code.slice(code.indexOf("*/"));
    const said = known.get(body) ?? [...(await tint(code)), ...naga(code)];
    known.set(body, said);
    found.push(...said.map((line) => `${name}: ${line}`));
  }
  return found;
}

const withSubgroups = { ...portable, name: "subgroups", subgroups: true };

const specs = readdirSync("specs").filter((name) => name.endsWith(".moe"));

/** Passes that bind some bytes twice, once to write them: Dawn refuses to run them. */
function twiceBound({ kernels, buffers, memories, programs }: WgslProgram): string[] {
  return programs.flatMap(({ launches }) =>
    launches.flatMap(({ kernel, args }) =>
      kernels[kernel]!.passes.flatMap(({ entry, bindings }) => {
        const ranges = bindings.flatMap(({ of, access }) => {
          if (of.kind === "places") return [];
          if (of.kind === "pool") return [{ memory: 0, from: 0, to: memories[0]!, writes: access === "write" }];
          const { memory, offset, bytes } = buffers[args[of.param]!]!;
          const part = of.part ?? { offset: 0, bytes };
          const from = offset + part.offset;
          return [{ memory, from, to: from + part.bytes, writes: access === "write" }];
        });
        const meet = ranges.some((a, i) =>
          ranges.some(
            (b, j) => i < j && a.memory === b.memory && a.from < b.to && b.from < a.to && (a.writes || b.writes),
          ),
        );
        return meet ? [`${kernels[kernel]!.name}.${entry}`] : [];
      }),
    ),
  );
}

function planOf(spec: string): { plan: KernelPlan; from: Provenance } {
  const path = `specs/${spec}`;
  const { design } = checkSpec({ path, text: readFileSync(path, "utf8") });
  const { graphs } = graphsOf(design!, { programs: ["train", "evaluate", "trace"] });
  const plan = planPrograms(graphs as Record<string, never>, { fusion: { hotRow: 0 } });
  return { plan, from: { title: design!.model!.name, spec: path, hash: design!.spec.hash, version: "0" } };
}

describe.skipIf(typeof device === "string").each(specs)("WGSL of %s", (spec) => {
  it("is accepted by Tint and naga, whatever the adapter, and stays within what every adapter allows", async () => {
    const { plan, from } = planOf(spec);
    for (const profile of [portable, softwareClass, withSubgroups]) {
      const program = planToWgsl(plan, { ...from, profile });
      expect(await complaints(program)).toEqual([]);
      expect(twiceBound(program)).toEqual([]);
      expect(program.needs.storageBuffers).toBeLessThanOrEqual(profile.storageBuffers);
      expect(program.needs.binding.bytes).toBeLessThanOrEqual(profile.binding);
      expect(Math.max(...program.memories)).toBeLessThanOrEqual(profile.buffer);
    }
  });
});

it.skipIf(typeof device === "string").each(["mask-moe.moe", "mh-moe.moe", "deepseek-moe.moe"])(
  "%s in 16 bits is accepted by both, as f16 and two in a word",
  async (spec) => {
    const { plan, from } = planOf(spec);
    for (const halves of ["f16", "packed"] as const)
      for (const base of [portable, softwareClass]) {
        const profile = { ...base, halves };
        const program = planToWgsl(plan, { ...from, profile, compute: "f16" });
        expect(program.buffers.filter((b) => b.dtype === "f16").length).toBeGreaterThan(20);
        expect(await complaints(program)).toEqual([]);
        expect(twiceBound(program)).toEqual([]);
        expect(program.needs.storageBuffers).toBeLessThanOrEqual(profile.storageBuffers);
      }
  },
);

it("is the same every time", () => {
  const [one, two] = [planOf("mask-moe.moe"), planOf("mask-moe.moe")];
  expect(planToWgsl(one.plan, one.from)).toEqual(planToWgsl(two.plan, two.from));
});

it.skipIf(typeof device === "string")("both compilers do refuse", async () => {
  const wrong = "@compute @workgroup_size(1) fn main() { let x: f32 = 1u; }";
  expect((await tint(wrong)).length).toBeGreaterThan(0);
  expect(naga(wrong).length).toBeGreaterThan(0);
});
