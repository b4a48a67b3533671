/** `moec compile FILE`: writes what a design becomes: kernels, trainer, report. */
import { artifactsOf } from "../6-emit/artifacts.js";
import { cudaBundleOf, wgslBundleOf } from "../6-emit/bundle.js";
import { cudaArtifacts } from "../6-emit/cuda/artifacts.js";
import { wgslArtifacts } from "../6-emit/wgsl/artifacts.js";
import { writeArtifacts } from "../6-emit/write-artifacts.js";
import { join } from "../host/paths.js";
import { type Compiled, compileCuda, compileDesign, compileWgsl } from "../pipeline.js";
import { checkDesign } from "./compile-design.js";
import { type DispatchFlags, dispatchWishes, setOption, targetNamed } from "./flags.js";
import { gpuNamed } from "./gpu-named.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";
import { type TuneFlags, tunedLines, tuneFlags } from "./tune.js";

export interface CompileFlags extends TuneFlags {
  readonly target: string;
  /** GPU that CUDA is written for; every one if not given */
  readonly device?: string;
  readonly out?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Writes the artefacts below `--out`, by default `generated/<spec>`; files that are not ours are never overwritten. */
export async function compile(cli: Cli, file: string, flags: CompileFlags): Promise<number> {
  const targets = flags.target.split(",").map((name) => targetNamed(name.trim(), ["cpu", "wgsl", "cuda"]));
  const source = readSpec(cli.host, file);
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  const name = specName(source.path);
  const folder = flags.out ?? join("generated", name);
  const forCpu = await tuneFlags(cli, design, { ...flags, tune: flags.tune && targets.includes("cpu") }, "cpu");
  const compiled = compileDesign(design, dispatchWishes(forCpu.wishes));
  const files = [...artifactsOf(compiled, name)];
  const tuned = [...forCpu.tuned];
  if (targets.includes("wgsl")) {
    const forGpu = await tuneFlags(cli, design, flags, "wgsl");
    files.push(...wgslFiles(compiled, forGpu.wishes, name));
    tuned.push(...forGpu.tuned);
  }
  if (targets.includes("cuda")) files.push(...cudaFiles(compiled, flags, name));
  const { written } = writeArtifacts(cli.host, folder, files);
  if (flags.json) print(cli, JSON.stringify({ folder, files: files.length, changed: written.length, tuned }));
  else {
    for (const line of tuned.flatMap(tunedLines)) print(cli, line);
    print(cli, `${folder}: ${files.length} files, ${written.length} of them changed`);
  }
  return exit.ok;
}

/** Texts that every adapter takes, whatever this machine has. */
export function wgslFiles({ design }: Compiled, flags: DispatchFlags, name: string) {
  const compiled = compileWgsl(design, dispatchWishes(flags));
  return wgslArtifacts(wgslBundleOf(compiled, name));
}

/** One text for every NVIDIA GPU since compute capability 8.0, or for the named one. Errors: MOE6021 for an unknown name. */
export function cudaFiles({ design }: Compiled, flags: DispatchFlags & { readonly device?: string }, name: string) {
  const compiled = compileCuda(
    design,
    dispatchWishes(flags),
    flags.device === undefined ? "portable" : gpuNamed(flags.device).tier,
  );
  return cudaArtifacts(cudaBundleOf(compiled, name));
}
