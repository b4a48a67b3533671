/** `moec train FILE`: compiles a design, trains it, and shows how it goes. */

import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { cacheFolder } from "../host/cache-folder.js";
import { checkpointSteps } from "../runtime/checkpoint.js";
import { freshFolder, latestFolder, type Manifest, type RunFlags, readManifest } from "../runtime/run-folder.js";
import { type TrainOptions, type TrainResult, train } from "../runtime/train.js";
import type { WgslProfile } from "../targets/wgsl/limits.js";
import { compileBundle, compileGpuBundle } from "./compile-design.js";
import { targetNamed } from "./flags.js";
import { untilInterrupted } from "./interrupt.js";
import { type Cli, complain, exit } from "./output.js";
import { readSpec, specName } from "./read-spec.js";
import { type TrainView, trainView } from "./train-view.js";

export interface TrainFlags {
  readonly target: string;
  readonly data?: readonly string[];
  readonly steps?: number;
  readonly seed?: number;
  readonly set?: readonly string[];
  readonly dispatch?: readonly string[];
  readonly out?: string;
  readonly threads?: number;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** Exit 0 when all steps are done, 1 for a mistake of the user, 3 when it diverged, 130 when it was interrupted. */
export async function trainCommand(cli: Cli, file: string, flags: TrainFlags): Promise<number> {
  const target = targetNamed(flags.target, ["cpu", "wgsl"]);
  const { host } = cli;
  const source = readSpec(host, file);
  const name = specName(source.path);
  const folder = flags.out ?? (flags.resume ? latestFolder(host, name) : freshFolder(host, name));
  const before = flags.resume ? runToResume(cli, folder) : undefined;
  const asked = askedFor(flags, before);
  // before anything slow: whether there is an adapter, and what it can do
  const profile = target === "wgsl" ? await adapterProfile() : undefined;
  const view = trainView(cli, { json: flags.json ?? false, folder });
  const started = host.now();
  const programs = { programs: ["train", "evaluate"] as const };
  const bundle = profile
    ? compileGpuBundle(cli, source, asked, programs, profile)
    : compileBundle(cli, source, asked, programs);
  view.compiled(bundle, host.now() - started);
  const options: Omit<TrainOptions, "signal"> = {
    host,
    folder,
    data: asked.data,
    seed: flags.seed ?? before?.seed,
    steps: flags.steps ?? before?.steps,
    resume: flags.resume,
    threads: flags.threads,
    specText: source.text,
    flags: asked,
    cache: cacheFolder(host),
    report: view.report,
    log: view.report,
  };
  const result = await untilInterrupted((signal) => train(bundle, { ...options, signal }, view.events));
  return finish(cli, result, view.end);
}

/** What the adapter of this machine allows. Errors: MOE5006 without one. */
async function adapterProfile(): Promise<WgslProfile> {
  const { findAdapter } = await import("../targets/wgsl/adapter.js");
  const { profileOf } = await import("../targets/wgsl/device.js");
  return profileOf(await findAdapter());
}

/** A resumed run asks for what it asked for before, unless told otherwise. */
function askedFor({ set, data, dispatch }: TrainFlags, before: Manifest | undefined): RunFlags {
  const flags = before?.flags;
  return {
    set: set ?? flags?.set ?? [],
    data: data ?? flags?.data,
    dispatch: dispatch ?? flags?.dispatch ?? [],
  };
}

function runToResume({ host }: Cli, folder: string): Manifest {
  if (checkpointSteps(host, folder).length > 0) return readManifest(host, folder);
  throw new DiagnosticError([diagnose("MOE6016", { folder }, { help: ["leave `--resume` away to start a new run"] })]);
}

function finish(cli: Cli, result: TrainResult, end: TrainView["end"]): number {
  end(result.outcome, result.step);
  if (result.diagnostic) complain(cli, [result.diagnostic]);
  return result.outcome === "finished" ? exit.ok : exit[result.outcome];
}
