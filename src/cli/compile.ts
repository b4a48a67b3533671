/** `moec compile FILE`: writes what a design becomes: kernels, trainer, report. */
import type { Design } from "../2-design/design.js";
import { layerMixtures } from "../2-design/layers.js";
import { writingPrograms } from "../3-graph/cacheable.js";
import { artifactsOf } from "../6-emit/artifacts.js";
import { cudaBundleOf, wgslBundleOf } from "../6-emit/bundle.js";
import { cudaArtifacts } from "../6-emit/cuda/artifacts.js";
import { harnessFiles } from "../6-emit/cuda/harness/artifacts.js";
import { partsOf } from "../6-emit/cuda/program.js";
import { wgslArtifacts } from "../6-emit/wgsl/artifacts.js";
import { writeArtifacts } from "../6-emit/write-artifacts.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { join } from "../host/paths.js";
import { version } from "../host/version.js";
import { type Compiled, compileCuda, compileDesign, compileWgsl, cudaCompute, planMixture } from "../pipeline.js";
import type { Tier } from "../targets/cuda/program.js";
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
  /** programs that check and time each kernel of the cuda target */
  readonly harness?: boolean;
  /** the programs that write text, in place of those that train */
  readonly sample?: boolean;
}

/** Writes the artefacts below `--out`, by default `generated/<spec>`; files that are not ours are never overwritten. */
export async function compile(cli: Cli, file: string, flags: CompileFlags): Promise<number> {
  const targets = flags.target.split(",").map((name) => targetNamed(name.trim(), ["cpu", "wgsl", "cuda"]));
  if (!targets.includes("cuda")) refuseWithoutCuda(flags);
  const source = readSpec(cli.host, file);
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  const name = specName(source.path);
  const folder = flags.out ?? join("generated", flags.sample ? `${name}-sample` : name);
  if (flags.sample) onlyForCpu("--sample", flags);
  const forCpu = await tuneFlags(cli, design, { ...flags, tune: flags.tune && targets.includes("cpu") }, "cpu");
  const compiled = compileDesign(design, {
    ...dispatchWishes(forCpu.wishes),
    ...(flags.sample && writing(design)),
  });
  const files = [...artifactsOf(compiled, name)];
  const tuned = [...forCpu.tuned];
  if (targets.includes("wgsl")) {
    const forGpu = await tuneFlags(cli, design, flags, "wgsl");
    files.push(...wgslFiles(compiled, forGpu.wishes, name));
    tuned.push(...forGpu.tuned);
  }
  if (targets.includes("cuda")) files.push(...cudaFiles(compiled, flags, name));
  if (flags.harness) files.push(...cudaHarness(compiled, flags));
  const { written, removed } = writeArtifacts(cli.host, folder, files);
  // the manifest only lists the others, whose number is told
  const changed = written.filter((path) => files.some((each) => each.path === path)).length;
  if (flags.json) print(cli, JSON.stringify({ folder, files: files.length, changed, removed: removed.length, tuned }));
  else {
    for (const line of tuned.flatMap(tunedLines)) print(cli, line);
    const gone = removed.length === 0 ? "" : `, ${removed.length} removed`;
    print(cli, `${folder}: ${files.length} files, ${changed} of them changed${gone}`);
  }
  return exit.ok;
}

/** The programs that write text, one sequence at a time. */
export const writing = (design: Design) => ({ programs: writingPrograms(design), batch: 1 });

/** Errors: MOE6021 for a flag that another target than the cpu was asked for with. */
function onlyForCpu(flag: string, { target }: CompileFlags): void {
  if (target !== "cpu")
    throw new DiagnosticError([diagnose("MOE6021", { flag, value: `--target ${target}`, expected: "the cpu target" })]);
}

/** Texts that every adapter takes, whatever this machine has. */
export function wgslFiles({ design }: Compiled, flags: DispatchFlags, name: string) {
  const compiled = compileWgsl(design, dispatchWishes(flags));
  return wgslArtifacts(wgslBundleOf(compiled, name));
}

/** One text for every NVIDIA GPU since compute capability 8.0, or for the named one. Errors: MOE6021 for an unknown name. */
export function cudaFiles({ design }: Compiled, flags: DispatchFlags & { readonly device?: string }, name: string) {
  const compiled = compileCuda(design, dispatchWishes(flags), tierFor(flags));
  return cudaArtifacts(cudaBundleOf(compiled, name));
}

const tierFor = ({ device }: { readonly device?: string }): Tier =>
  device === undefined ? "portable" : gpuNamed(device).tier;

/** Flags that only mean something to the cuda target. Errors: MOE6021. */
function refuseWithoutCuda({ device, harness, target: value }: CompileFlags): void {
  const given = device !== undefined ? "`--device`" : harness ? "`--harness`" : undefined;
  if (given === undefined) return;
  throw new DiagnosticError([diagnose("MOE6021", { flag: "--target", value, expected: `cuda with ${given}` })]);
}

/** Harnesses of all kernels, and of every mixture that a layer has. */
function cudaHarness({ design }: Compiled, flags: CompileFlags) {
  const wishes = dispatchWishes(flags);
  const { path: spec, hash } = design.spec;
  const compute = cudaCompute(design);
  const tier = tierFor(flags);
  const options = { title: design.model!.name, spec, hash, version: version(), compute };
  const layers = [...layerMixtures(design).keys()].map((name) => ({
    name,
    parts: partsOf(planMixture(design, name, wishes), compute, tier),
  }));
  return harnessFiles(partsOf(compileCuda(design, wishes).plan, compute, tier), layers, options);
}
