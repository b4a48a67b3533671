/**
 * From CUDA C++ to machine code for one architecture, kept by content so that a design is built once: by NVRTC where
 * the library is, else by nvcc.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { cached, contentHash } from "../cpu/cache.js";
import { runTool } from "../cpu/run-tool.js";
import { cannotRun } from "./driver.js";
import { nvrtcLibraries, openNvrtc } from "./nvrtc.js";
import type { CudaProgram } from "./program.js";

export interface CudaCompiler {
  /** for people: `NVRTC 13.0`, `nvcc 13.0` */
  readonly name: string;
  /** `folder` is empty; answers with the machine code */
  readonly compile: (
    program: Pick<CudaProgram, "source" | "headers">,
    architecture: string,
    folder: string,
  ) => Promise<Uint8Array>;
}

/** Machine code of a program for compute capability `capability` (times ten). Errors: MOE5006 without a compiler, MOE9001. */
export async function buildCuda(
  program: Pick<CudaProgram, "source" | "headers" | "tier">,
  capability: number,
): Promise<Uint8Array> {
  const compiler = await findCompiler();
  if (!compiler)
    throw cannotRun(`no compiler for CUDA was found: neither NVRTC (${nvrtcLibraries().join(", ")}) nor nvcc`);
  const architecture = architectureOf(program, capability);
  const hash = contentHash([program.source, ...Object.values(included(program)), architecture, compiler.name]);
  const file = await cached(`cuda-${hash}.cubin`, async (folder) => {
    const made = join(folder, "model.cubin");
    writeFileSync(made, await compiler.compile(program, architecture, folder));
    return made;
  });
  return readFileSync(file);
}

/** Texts for Hopper use what only its own architecture has: `sm_90a`. */
export const architectureOf = ({ tier }: Pick<CudaProgram, "tier">, capability: number): string =>
  tier === "hopper" ? "sm_90a" : `sm_${capability}`;

/** The headers that kernels include, by name. */
export const included = ({ headers }: Pick<CudaProgram, "headers">): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.endsWith(".cuh")));

/** NVRTC, or nvcc, or nothing. */
export async function findCompiler(): Promise<CudaCompiler | undefined> {
  return (await withNvrtc()) ?? (await withNvcc());
}

async function withNvrtc(): Promise<CudaCompiler | undefined> {
  const nvrtc = await openNvrtc();
  return (
    nvrtc && {
      name: nvrtc.name,
      compile: async (program, architecture) => {
        const made = nvrtc.compile(program.source, included(program), [`--gpu-architecture=${architecture}`]);
        if ("log" in made) throw refused(made.log);
        return made;
      },
    }
  );
}

/** nvcc of the system, if it runs. */
export async function withNvcc(command = "nvcc"): Promise<CudaCompiler | undefined> {
  const found = await runTool([command], ["--version"]);
  if (!found.ok) return undefined;
  const version = /release ([\d.]+)/.exec(found.stdout)?.[1] ?? "unknown";
  return {
    name: `nvcc ${version}`,
    compile: async (program, architecture, folder) => {
      writeFileSync(join(folder, "model.cu"), program.source);
      for (const [name, text] of Object.entries(included(program))) writeFileSync(join(folder, name), text);
      const to = join(folder, "out.cubin");
      const built = await runTool([command], ["-cubin", `-arch=${architecture}`, "-o", to, join(folder, "model.cu")]);
      if (!built.ok) throw refused(built.complaint);
      return readFileSync(to);
    },
  };
}

const refused = (detail: string): DiagnosticError =>
  new DiagnosticError([diagnose("MOE9001", { doing: "building CUDA kernels", detail: detail.slice(0, 4000) })]);
