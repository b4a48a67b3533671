/** `--tune` for the commands that compile: measures, says what was measured, and turns the results into wishes. */
import type { Design } from "../2-design/design.js";
import type { ProgramName } from "../3-graph/programs.js";
import { formatDuration } from "../runtime/progress.js";
import { LOADS } from "../tune/loads.js";
import { cpuTuning, wgslTuning } from "../tune/targets.js";
import { type Tuned, together, tune } from "../tune/tune.js";
import { type DispatchFlags, dispatchWishes } from "./flags.js";
import { type Cli, note } from "./output.js";

export interface TuneFlags extends DispatchFlags {
  readonly tune?: boolean;
  readonly threads?: number;
}

export interface TunedFlags {
  /** the flags with the fastest strategies as wishes */
  readonly wishes: Required<DispatchFlags>;
  /** what was measured; empty without `--tune` */
  readonly tuned: readonly Tuned[];
}

/** Measures where `--tune` asks for it; strategies that were asked for by name are not measured. */
export async function tuneFlags(
  cli: Cli,
  design: Design,
  flags: TuneFlags,
  target: "cpu" | "wgsl",
  programs?: readonly ProgramName[],
): Promise<TunedFlags> {
  const { dispatch = [], rewrite = [], measured = [] } = flags;
  if (!flags.tune) return { wishes: { dispatch, rewrite, measured }, tuned: [] };
  const device =
    target === "wgsl"
      ? await wgslTuning(design.model?.dtype.compute === "f16" ? "f16" : "f32")
      : await cpuTuning(flags.threads);
  const wishes = { ...dispatchWishes(flags), ...(programs && { programs }) };
  const tuned = await tune(design, { ...wishes, host: cli.host, device, progress: progressOn(cli) });
  const found = tuned.map(({ site, strategy }) => `${site}=${strategy}`);
  const sites = tuned.map(({ site }) => site);
  return { wishes: { dispatch: [...dispatch, ...found], rewrite, measured: [...measured, ...sites] }, tuned };
}

function progressOn(cli: Cli) {
  let last = 0;
  return (site: string, done: number, all: number, seconds: number): void => {
    if (done === 0 || (done < all && seconds - last < 1)) return;
    last = done === all ? 0 : seconds;
    const left = (seconds / done) * (all - done);
    note(
      cli,
      `tuning ${site}: ${done} of ${all} rounds, ${done < all ? `about ${formatDuration(left)} left` : "done"}`,
    );
  };
}

/** A table of what was measured for one mixture, fastest first. */
export function tunedLines({ site, device, strategy, cached, measured, skipped }: Tuned): readonly string[] {
  const width = Math.max(...[...measured, ...skipped].map((each) => each.strategy.length));
  const left = skipped.map((each) => `  ${each.strategy.padEnd(width)}  not measured: ${each.why}`);
  if (measured.length === 0) return [`${site}: ${strategy}, the only one worth measuring`, ...left];
  const names = [...new Set(measured.map((each) => each.strategy))];
  names.sort((a, b) => together(measured, a) - together(measured, b));
  const loads = LOADS.filter((load) => measured.some((each) => each.load === load));
  const cell = (name: string, load: string): string => {
    const found = measured.find((each) => each.strategy === name && each.load === load)!;
    return `${found.milliseconds.toFixed(2)}ms`.padStart(11);
  };
  return [
    `${site}: ${strategy} is the fastest on ${device}${cached ? ", as measured before" : ""}`,
    `  ${"".padEnd(width)}${loads.map((load) => load.padStart(11)).join("")}`,
    ...names.map((name) => `  ${name.padEnd(width)}${loads.map((load) => cell(name, load)).join("")}`),
    ...left,
  ];
}
