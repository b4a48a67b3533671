/**
 * `--tune`: strategies by measurement instead of by estimate. What was measured is kept in the cache folder under the
 * text of the kernels and the name of the device, so that the same design on the same machine is decided the same way,
 * and at once, the next time.
 */
import type { Design } from "../2-design/design.js";
import type { Choice } from "../4-dispatch/dispatch.js";
import { planPrograms } from "../5-plan/plan-programs.js";
import { cacheFolder } from "../host/cache-folder.js";
import type { Host } from "../host/host.js";
import { join } from "../host/paths.js";
import { type CompileOptions, graphsOf } from "../pipeline.js";
import { sha256 } from "../runtime/sha256.js";
import { LOADS } from "./loads.js";
import { type Measurement, measure, programName, trialOf } from "./measure.js";
import type { TuneTarget } from "./targets.js";

export interface Tuned {
  readonly site: string;
  readonly device: string;
  /** the fastest over all loads together */
  readonly strategy: string;
  /** whether the numbers come from an earlier run */
  readonly cached: boolean;
  readonly measured: readonly Measurement[];
  /** legal strategies that were not measured, and why */
  readonly skipped: readonly { readonly strategy: string; readonly why: string }[];
}

export interface TuneOptions extends CompileOptions {
  readonly host: Host;
  readonly device: TuneTarget;
  /** told about each round: which mixture, how many rounds are done of how many, seconds since the start */
  readonly progress?: (site: string, done: number, all: number, seconds: number) => void;
}

/** Measures every mixture for which no strategy was asked for. */
export async function tune(design: Design, options: TuneOptions): Promise<readonly Tuned[]> {
  const program = design.train ? "train" : "evaluate";
  const { choices } = graphsOf(design, { ...options, programs: [program] });
  const tuned: Tuned[] = [];
  for (const choice of choices) {
    if (options.dispatch?.[choice.site.site] === undefined) tuned.push(await tuneSite(choice, options));
  }
  return tuned;
}

async function tuneSite({ node, site, profile }: Choice, { host, device, progress }: TuneOptions): Promise<Tuned> {
  const { programs, skipped } = trialOf(node, site, profile);
  const names = [...programs.keys()];
  const alone = { site: site.site, device: device.name, strategy: names[0]!, cached: false, measured: [], skipped };
  if (names.length === 1) return alone;
  const plan = planPrograms(
    Object.fromEntries([...programs].map(([name, graph]) => [programName(name), graph])),
    device.planning,
  );
  const build = await device.build(plan, site.site);
  const file = join(cacheFolder(host), `tune-${sha256(`${device.name}\n${build.text}`).slice(0, 32)}.json`);
  const known = readMeasured(host, file, names);
  const measured = known ?? (await measureNow());
  return { ...alone, strategy: fastest(measured), cached: known !== undefined, measured };

  async function measureNow(): Promise<readonly Measurement[]> {
    const start = host.now();
    const engine = await build.open();
    try {
      const told = (done: number, all: number) => progress?.(site.site, done, all, (host.now() - start) / 1000);
      const found = await measure(engine, names, site, told);
      host.write(file, `${JSON.stringify(found)}\n`);
      return found;
    } finally {
      await engine.close();
    }
  }
}

/** What was measured before; undefined where nothing was, or where the file does not hold it. */
function readMeasured(host: Host, file: string, names: readonly string[]): readonly Measurement[] | undefined {
  if (host.kind(file) !== "file") return undefined;
  try {
    const found: unknown = JSON.parse(host.readText(file));
    return Array.isArray(found) &&
      found.every(isMeasurement) &&
      names.every((name) => found.some((m) => m.strategy === name))
      ? found
      : undefined;
  } catch {
    return undefined;
  }
}

function isMeasurement(value: unknown): value is Measurement {
  const { strategy, load, milliseconds } = (value ?? {}) as Partial<Measurement>;
  return typeof strategy === "string" && LOADS.some((each) => each === load) && Number.isFinite(milliseconds);
}

/** The smallest sum over the loads; the first of equals. */
export function fastest(measured: readonly Measurement[]): string {
  const names = [...new Set(measured.map(({ strategy }) => strategy))];
  const times = names.map((name) => together(measured, name));
  return names[times.indexOf(Math.min(...times))]!;
}

/** Milliseconds of one strategy under all loads. */
export const together = (measured: readonly Measurement[], strategy: string): number =>
  measured.reduce((sum, each) => sum + (each.strategy === strategy ? each.milliseconds : 0), 0);
