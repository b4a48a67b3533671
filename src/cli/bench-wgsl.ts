/**
 * `moec bench FILE --target wgsl`: what the design's WGSL costs by count (dispatches, bytes, pipelines, memory), and,
 * where there is an adapter, how long whole training steps take on it. `--static` counts only and needs no adapter.
 */
import { wgslBundleOf } from "../6-emit/bundle.js";
import { cacheFolder } from "../host/cache-folder.js";
import { compileWgsl } from "../pipeline.js";
import { SMALL_RESULT } from "../runtime/engine-gpu.js";
import { formatBytes, formatCount, formatDuration } from "../runtime/progress.js";
import { openRun } from "../runtime/run.js";
import { figuresOf, type WgslFigures } from "../targets/wgsl/figures.js";
import type { WgslProfile } from "../targets/wgsl/limits.js";
import type { BenchFlags } from "./bench-flags.js";
import { checkDesign } from "./compile-design.js";
import { dispatchWishes, setOption } from "./flags.js";
import { type Cli, exit, note, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";
import { type StepTimes, timeSteps } from "./step-times.js";

/** Prints figures and times; exit 0. Errors: MOE5006 where times are wanted and there is no adapter. */
export async function benchWgsl(cli: Cli, file: string, flags: BenchFlags): Promise<number> {
  const source = readSpec(cli.host, file);
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  const profile = flags.static ? undefined : await adapterProfile();
  const compiled = compileWgsl(design, { ...dispatchWishes(flags), programs: ["train"] }, profile);
  const figures = figuresOf(compiled.wgsl, compiled.plan, "train", SMALL_RESULT);
  if (flags.static) {
    if (flags.json) print(cli, JSON.stringify({ spec: design.spec.path, target: "wgsl", ...figures }));
    else show(cli, figures);
    return exit.ok;
  }
  const report = (line: string): void => note(cli, line);
  const options = { host: cli.host, data: flags.data, cache: cacheFolder(cli.host), report, log: report };
  const run = await openRun(wgslBundleOf(compiled, specName(source.path)), options);
  const device = run.engine.device.description;
  const whole = await timeSteps(run, compiled.plan, flags.steps);
  await run.close();
  if (flags.json) print(cli, JSON.stringify({ spec: design.spec.path, target: "wgsl", device, ...whole, ...figures }));
  else show(cli, figures, { device, ...whole });
  return exit.ok;
}

async function adapterProfile(): Promise<WgslProfile> {
  const { findAdapter } = await import("../targets/wgsl/adapter.js");
  const { profileOf } = await import("../targets/wgsl/device.js");
  return profileOf(await findAdapter());
}

function show(cli: Cli, f: WgslFigures, times?: StepTimes & { readonly device: string }): void {
  const rows = [
    ["dispatches", `${f.dispatches} a step in ${f.submissions} submission, ${f.pipelines} pipelines`],
    ["moved", `${formatBytes(f.bytes_moved)} a step, ${formatCount(f.flops)} operations`],
    ["memory", `${formatBytes(f.peak_bytes)} in ${f.buffers} buffers, ${formatBytes(f.pool_bytes)} of it shared`],
    ["largest", `${formatBytes(f.largest.bytes)} (${f.largest.tensor}); ${f.storage_buffers} bindings at most`],
    ["host", `${formatBytes(f.bytes_in)} in, ${formatBytes(f.bytes_out)} out a step`],
  ];
  if (times) {
    const seconds = (ms: number): string => formatDuration(ms / 1000);
    rows.push(["device", times.device]);
    rows.push(["step", `${seconds(times.step_ms)} (fastest ${seconds(times.fastest_ms)})`]);
    rows.push(["speed", `${formatCount(times.tokens_per_second)} tok/s, ${times.gflops.toFixed(2)} GFLOP/s`]);
  }
  for (const [name, value] of rows) print(cli, `${name!.padEnd(10)} ${value}`);
}
