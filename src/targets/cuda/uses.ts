/** What every kernel of a program takes of a multiprocessor, as nvcc says; kept by content, because nvcc takes its time. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached, contentHash } from "../cpu/cache.js";
import { runTool } from "../cpu/run-tool.js";
import { architectureOf, included } from "./build.js";
import type { CudaProgram } from "./program.js";
import { type KernelUse, usesIn } from "./ptxas.js";

/** By entry; undefined where there is no nvcc, or it does not know the architecture. */
export async function kernelUses(
  program: Pick<CudaProgram, "source" | "headers" | "tier">,
  capability: number,
): Promise<ReadonlyMap<string, KernelUse> | undefined> {
  const { ok, stdout } = await runTool(["nvcc"], ["--version"]);
  if (!ok) return undefined;
  const architecture = architectureOf(program, capability);
  const headers = included(program);
  try {
    const name = `cuda-uses-${contentHash([program.source, ...Object.values(headers), architecture, stdout])}.json`;
    const file = await cached(name, async (folder) => {
      writeFileSync(join(folder, "model.cu"), program.source);
      for (const [name, text] of Object.entries(headers)) writeFileSync(join(folder, name), text);
      const flags = ["-cubin", `-arch=${architecture}`, "-Xptxas", "-v", "-o", join(folder, "model.cubin")];
      const built = await runTool(["nvcc"], [...flags, join(folder, "model.cu")]);
      if (!built.ok) throw new Error(built.complaint);
      writeFileSync(join(folder, "uses.json"), JSON.stringify(usesIn(built.complaint)));
      return join(folder, "uses.json");
    });
    const uses = JSON.parse(readFileSync(file, "utf8")) as KernelUse[];
    return new Map(uses.map((u) => [u.entry, u]));
  } catch {
    return undefined;
  }
}
