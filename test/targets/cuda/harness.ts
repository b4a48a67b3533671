/** Builds harnesses of small designs for the emulated machine and runs them, whole or with a mistake put in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Design } from "../../../src/2-design/design.js";
import { layerBlocks } from "../../../src/2-design/layers.js";
import { harnessFiles } from "../../../src/6-emit/cuda/harness/artifacts.js";
import { partsOf } from "../../../src/6-emit/cuda/program.js";
import type { GeneratedFile } from "../../../src/host/write-generated.js";
import { type CompileOptions, compileCuda, cudaCompute, planMixture } from "../../../src/pipeline.js";
import { cached, contentHash } from "../../../src/targets/cpu/cache.js";
import { runTool } from "../../../src/targets/cpu/run-tool.js";
import type { Tier } from "../../../src/targets/cuda/program.js";
import { buildFlags, compiler } from "./prelude.js";

/** All files below the folder of a compiled design that a harness needs. */
export function filesOf(design: Design, options: CompileOptions, tier: Tier = "portable"): GeneratedFile[] {
  const compute = cudaCompute(design);
  const { plan, cuda } = compileCuda(design, options, tier);
  const used = layerBlocks(design).flatMap((b) => b.steps.flatMap((s) => (s.kind === "mixture" ? [s.part] : [])));
  const layers = [...new Set(used)].map((name) => ({
    name,
    parts: partsOf(planMixture(design, name, options), compute, tier),
  }));
  const from = { title: design.model!.name, spec: "test.moe", hash: "0", version: "0", compute };
  const headers = Object.entries(cuda.headers).map(([name, text]) => ({ path: `cuda/${name}`, text }));
  return [...headers, ...harnessFiles(partsOf(plan, compute, tier), layers, from)];
}

export interface Said {
  readonly ok: boolean;
  /** a line for each kernel, the machine first */
  readonly lines: readonly string[];
}

/** Builds `cuda/harness/<name>.cu` with the system's C++ compiler, once for the same text, and runs it. */
export async function runHarness(
  files: readonly GeneratedFile[],
  name: string,
  flags: readonly string[] = ["--check"],
  broken: (text: string) => string = (text) => text,
): Promise<Said> {
  const { stdout: version } = await runTool([compiler], ["--version"]);
  const options = [...(await buildFlags(version)), "-x", "c++", "-Wall", "-Werror", "-Wno-unknown-pragmas"];
  const text = broken(files.find((f) => f.path === `cuda/harness/${name}.cu`)!.text);
  const headers = files.filter((f) => /\.(h|cuh)$/.test(f.path));
  const hash = contentHash([text, ...headers.map((f) => f.text), compiler, ...options, version]);
  const program = await cached(`harness-${hash}`, async (folder) => {
    for (const { path, text: header } of headers) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), header);
    }
    const source = join(folder, `cuda/harness/${name}.cu`);
    writeFileSync(source, text);
    const built = await runTool([compiler], [...options, source, "-o", join(folder, "run")]);
    if (!built.ok) throw new Error(built.complaint);
    return join(folder, "run");
  });
  const { ok, stdout } = await runTool([program], flags);
  return { ok, lines: stdout.trim().split("\n") };
}
