/** What nvcc says about a generated program: complaints, and registers, spills and shared memory of each kernel. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../../../src/targets/cpu/run-tool.js";
import type { CudaProgram } from "../../../src/targets/cuda/program.js";
import { type KernelUse, usesIn } from "../../../src/targets/cuda/ptxas.js";

/** Why nothing is compiled here; undefined where nvcc works. */
export const whyNoNvcc: string | undefined = (await runTool(["nvcc"], ["--version"])).ok
  ? undefined
  : "nvcc is not installed";

if (whyNoNvcc !== undefined) console.warn(`skipped: generated CUDA is not compiled (${whyNoNvcc})`);

export interface Compiled {
  /** warnings and errors, a line each */
  readonly complaints: readonly string[];
  readonly uses: readonly KernelUse[];
}

/** Compiles a program for one architecture: `80`, `90a`. */
export async function compileWithNvcc(
  { source, headers }: Pick<CudaProgram, "source" | "headers">,
  architecture: string,
): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), "moec-nvcc-"));
  try {
    writeFileSync(join(folder, "model.cu"), source);
    writeFileSync(join(folder, "device.cuh"), headers["device.cuh"]!);
    const code = `arch=compute_${architecture},code=sm_${architecture}`;
    const flags = [
      "-gencode",
      code,
      "-cubin",
      "-Xptxas",
      "-v",
      "-Xcompiler",
      "-Wall",
      "-o",
      join(folder, "model.cubin"),
    ];
    const { ok, complaint } = await runTool(["nvcc"], [...flags, join(folder, "model.cu")]);
    const said = complaint.split("\n").filter((line) => /warning|error/i.test(line));
    return { complaints: ok ? said : [...said, "nvcc failed"], uses: usesIn(complaint) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
