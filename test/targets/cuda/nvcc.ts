/** What nvcc says about a generated program: complaints, and registers, spills and shared memory of each kernel. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { GeneratedFile } from "../../../src/host/write-generated.js";
import { runTool } from "../../../src/targets/cpu/run-tool.js";
import { included } from "../../../src/targets/cuda/build.js";
import type { CudaProgram } from "../../../src/targets/cuda/program.js";
import { type KernelUse, usesIn } from "../../../src/targets/cuda/ptxas.js";

/** Why nothing is compiled here; undefined where nvcc works. */
export const whyNoNvcc: string | undefined = (await runTool(["nvcc"], ["--version"])).ok
  ? undefined
  : "nvcc is not installed";

if (whyNoNvcc !== undefined) console.warn(`skipped: generated CUDA is not compiled (${whyNoNvcc})`);

export interface Compiled {
  /** warnings, errors and what ptxas says of products that it cannot keep asynchronous, a line each */
  readonly complaints: readonly string[];
  readonly uses: readonly KernelUse[];
}

/** Compiles a program for one architecture: `80`, `90a`. */
export async function compileWithNvcc(
  program: Pick<CudaProgram, "source" | "headers">,
  architecture: string,
): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), "moec-nvcc-"));
  try {
    writeFileSync(join(folder, "model.cu"), program.source);
    for (const [name, text] of Object.entries(included(program))) writeFileSync(join(folder, name), text);
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
    const said = complaint.split("\n").filter((line) => /warning|error|C75\d\d|setmaxnreg/i.test(line));
    return { complaints: ok ? said : [...said, "nvcc failed"], uses: usesIn(complaint) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles and links a harness for one architecture; answers with what nvcc says against it. */
export async function nvccBuilds(
  files: readonly GeneratedFile[],
  name: string,
  architecture: string,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "moec-nvcc-"));
  try {
    for (const { path, text } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const source = join(folder, `cuda/harness/${name}.cu`);
    const code = `arch=compute_${architecture},code=sm_${architecture}`;
    const flags = ["-gencode", code, "-std=c++17", "-Xcompiler", "-Wall", "-o", join(folder, "run"), source];
    const { ok, complaint } = await runTool(["nvcc"], flags);
    const said = complaint.split("\n").filter((line) => /warning|error/i.test(line));
    return ok ? said : [...said, "nvcc failed"];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
