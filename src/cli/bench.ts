/**
 * `moec bench FILE`: how fast a design trains on this machine. Whole training steps are timed on the data of the spec;
 * then every kernel alone, launch by launch. Times of the compiler itself are printed, too.
 */

import { bundleOf } from "../6-emit/bundle.js";
import { planToC } from "../6-emit/cpu/program.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { cacheFolder } from "../host/cache-folder.js";
import { version } from "../host/version.js";
import { type Compiled, checkSpec, compileDesign } from "../pipeline.js";
import { formatBytes, formatCount, formatDuration } from "../runtime/progress.js";
import { openRun } from "../runtime/run.js";
import type { BenchFlags } from "./bench-flags.js";
import { checkDesign } from "./compile-design.js";
import { dispatchWishes, setOption, targetNamed } from "./flags.js";
import { type KernelTime, kernelTimes } from "./kernel-times.js";
import { type Cli, exit, note, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";
import { type StepTimes, timeSteps } from "./step-times.js";
import { tunedLines, tuneFlags } from "./tune.js";

/** Prints what was measured; exit 0. */
export async function bench(cli: Cli, file: string, flags: BenchFlags): Promise<number> {
  const target = targetNamed(flags.target, ["cpu", "wgsl", "cuda"]);
  if (target === "wgsl") return (await import("./bench-wgsl.js")).benchWgsl(cli, file, flags);
  if (target === "cuda") return (await import("./bench-cuda.js")).benchCuda(cli, file, flags);
  if (flags.static) {
    const reason = "only the wgsl and cuda targets are counted without running";
    throw new DiagnosticError([
      diagnose("MOE5006", { target: "cpu", reason }, { help: ["add `--target wgsl` or `--target cuda`"] }),
    ]);
  }
  const source = readSpec(cli.host, file);
  const set = (flags.set ?? []).map(setOption);
  const design = checkDesign(cli, source, set);
  const { wishes, tuned } = await tuneFlags(cli, design, flags, "cpu", ["train"]);
  const options = { ...dispatchWishes(wishes), programs: ["train"] as const };
  const compiled = compileDesign(design, options);
  const compiler = {
    check_ms: median(() => checkSpec(source, { set })),
    compile_ms: median(() => compileDesign(design, options)),
    emit_ms: median(() => emit(compiled)),
  };
  const bundle = bundleOf(compiled, specName(source.path));
  const report = (line: string): void => note(cli, line);
  const run = await openRun(bundle, {
    host: cli.host,
    data: flags.data,
    cache: cacheFolder(cli.host),
    report,
    log: report,
  });
  const whole = await timeSteps(run, compiled.plan, flags.steps);
  const device = run.engine.device.description;
  const bytes = run.engine.plannedBytes;
  await run.close();
  const kernels = await kernelTimes(bundle, compiled.plan, {
    host: cli.host,
    data: flags.data,
    cache: cacheFolder(cli.host),
  });
  if (flags.json)
    print(
      cli,
      JSON.stringify({ spec: design.spec.path, device, ...whole, ...compiler, planned_bytes: bytes, kernels, tuned }),
    );
  else {
    show(cli, { device, whole, compiler, bytes, kernels });
    for (const line of tuned.flatMap(tunedLines)) print(cli, line);
  }
  return exit.ok;
}

const emit = ({ plan, design }: Compiled) => {
  const { path: spec, hash } = design.spec;
  return planToC(plan, { title: design.model!.name, spec, hash, version: version() });
};

/** Milliseconds, the middle of five calls after a first one. */
function median(work: () => unknown): number {
  work();
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[2]!;
}

interface Measured {
  readonly device: string;
  readonly whole: StepTimes;
  readonly compiler: Readonly<Record<"check_ms" | "compile_ms" | "emit_ms", number>>;
  readonly bytes: number;
  readonly kernels: readonly KernelTime[];
}

function show(cli: Cli, { device, whole, compiler, bytes, kernels }: Measured): void {
  const ms = (each: number): string => (each < 10 ? `${each.toFixed(2)}ms` : formatDuration(each / 1000));
  print(cli, `device   ${device}, ${formatBytes(bytes)} planned`);
  print(cli, `step     ${ms(whole.step_ms)} (fastest ${ms(whole.fastest_ms)})`);
  print(cli, `speed    ${formatCount(whole.tokens_per_second)} tok/s, ${whole.gflops.toFixed(1)} GFLOP/s`);
  print(
    cli,
    `compiler check ${ms(compiler.check_ms)}, whole ${ms(compiler.compile_ms)}, C text ${ms(compiler.emit_ms)}`,
  );
  const together = kernels.reduce((sum, each) => sum + each.ms, 0);
  print(cli);
  print(cli, `kernels, each launch alone (${ms(together)} together, a few µs of each are the call)`);
  const width = Math.max(...kernels.map(({ name }) => name.length));
  for (const { name, launches, ms: time, gflops } of kernels) {
    const share = `${((100 * time) / together).toFixed(1)}%`.padStart(6);
    const speed = gflops > 0.05 ? ` ${gflops.toFixed(1).padStart(7)} GFLOP/s` : "";
    print(cli, `  ${name.padEnd(width)} ${String(launches).padStart(4)}× ${ms(time).padStart(7)} ${share}${speed}`);
  }
}
