/**
 * `moec bench FILE --target cuda`: what a training step costs on an NVIDIA GPU by count (launches, bytes, operations,
 * memory) and at least (a roof on the GPU of `--device`), and, where there is a GPU, how long whole steps take on it.
 * `--static` counts only. Single kernels are timed by what `moec compile --target cuda --harness` writes.
 */
import { cudaBundleOf } from "../6-emit/bundle.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { cacheFolder } from "../host/cache-folder.js";
import { compileCuda } from "../pipeline.js";
import { SMALL_RESULT } from "../runtime/engine-gpu.js";
import { formatBytes, formatCount, formatDuration } from "../runtime/progress.js";
import { openRun } from "../runtime/run.js";
import { type CudaFigures, cudaFigures } from "../targets/cuda/figures.js";
import type { Tier } from "../targets/cuda/program.js";
import type { BenchFlags } from "./bench-flags.js";
import { checkDesign } from "./compile-design.js";
import { dispatchWishes, setOption } from "./flags.js";
import { gpuNamed } from "./gpu-named.js";
import { type Cli, exit, note, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";
import { type StepTimes, timeSteps } from "./step-times.js";

/** Prints figures and times; exit 0. Errors: MOE5006 where times are wanted and there is no GPU, MOE6021. */
export async function benchCuda(cli: Cli, file: string, flags: BenchFlags): Promise<number> {
  const source = readSpec(cli.host, file);
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  const gpu = gpuNamed(flags.device ?? "H100");
  const tier = flags.static ? gpu.tier : await tierOfGpu();
  const compiled = compileCuda(design, { ...dispatchWishes(flags), programs: ["train"] }, tier);
  const figures = cudaFigures(compiled.cuda, compiled.plan, "train", gpu, SMALL_RESULT);
  const tokens = (design.train?.batch ?? 1) * design.model!.context;
  if (flags.static) {
    if (flags.json) print(cli, JSON.stringify({ spec: design.spec.path, target: "cuda", ...figures }));
    else show(cli, figures, tokens);
    return exit.ok;
  }
  const report = (line: string): void => note(cli, line);
  const options = { host: cli.host, data: flags.data, cache: cacheFolder(cli.host), report, log: report };
  const run = await openRun(cudaBundleOf(compiled, specName(source.path)), options);
  const device = run.engine.device.description;
  const whole = await timeSteps(run, compiled.plan, flags.steps);
  await run.close();
  if (flags.json) print(cli, JSON.stringify({ spec: design.spec.path, target: "cuda", device, ...whole, ...figures }));
  else show(cli, figures, tokens, { device, ...whole });
  return exit.ok;
}

/** What kernels for this machine's GPU are written for. Errors: MOE5006, with the way that needs no GPU. */
async function tierOfGpu(): Promise<Tier> {
  const { cudaFacts } = await import("../targets/cuda/probe.js");
  const { tierOf } = await import("../targets/cuda/device.js");
  const { gpu, reason } = await cudaFacts();
  if (gpu) return tierOf(gpu.capability);
  const help = [
    "add `--static`: launches, bytes, memory and a roof need no GPU",
    "`moec doctor` says what was looked for",
  ];
  throw new DiagnosticError([diagnose("MOE5006", { target: "cuda", reason: reason ?? "there is no GPU" }, { help })]);
}

function show(cli: Cli, f: CudaFigures, tokens: number, times?: StepTimes & { readonly device: string }): void {
  const ms = (each: number): string =>
    each < 0.1 ? `${(1000 * each).toFixed(1)}µs` : each < 10 ? `${each.toFixed(2)}ms` : formatDuration(each / 1000);
  const share = (100 * f.tensor_flops) / Math.max(1, f.flops);
  const rows = [
    ["launches", `${f.launches} a step, ${f.graph_nodes} nodes in one graph, ${f.functions} functions`],
    ["moved", `${formatBytes(f.bytes_moved)} a step`],
    ["operations", `${formatCount(f.flops)} a step, ${share.toFixed(0)} % of them on tensor cores`],
    ["memory", `${formatBytes(f.peak_bytes)}, ${formatBytes(f.kept_bytes)} of it kept between steps`],
    ["host", `${formatBytes(f.bytes_in)} in, ${formatBytes(f.bytes_out)} out a step`],
    [
      "roof",
      `${ms(f.roof_ms)} a step on ${f.gpu}, ${formatCount((1000 * tokens) / f.roof_ms)} tok/s at most; ` +
        `${((100 * f.memory_bound_ms) / f.roof_ms).toFixed(0)} % of it waits for memory (computed, not measured)`,
    ],
  ];
  if (times) {
    rows.push(["device", times.device]);
    rows.push(["step", `${ms(times.step_ms)} (fastest ${ms(times.fastest_ms)})`]);
    rows.push([
      "speed",
      `${formatCount(times.tokens_per_second)} tok/s, ${formatCount(times.gflops * 1e9)} operations a second`,
    ]);
  }
  for (const [name, value] of rows) print(cli, `${name!.padEnd(10)} ${value}`);
}
