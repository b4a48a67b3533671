/** `moec train FILE`: compiles a design, trains it, and shows how it goes. */

import type { SourceFile } from "../1-syntax/ast.js";
import type { Design } from "../2-design/design.js";
import type { KernelPlan } from "../5-plan/plan.js";
import { bundleOf, cudaBundleOf, wgslBundleOf } from "../6-emit/bundle.js";
import { watchOf } from "../6-emit/watch.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { cacheFolder } from "../host/cache-folder.js";
import type { Bundle } from "../runtime/bundle.js";
import { checkpointSteps } from "../runtime/checkpoint.js";
import type { TokenizerChoice } from "../runtime/data/prepare.js";
import { mergedTokenizer } from "../runtime/merged-tokenizer.js";
import {
  freshFolder,
  latestFolder,
  type Manifest,
  type RunFlags,
  readManifest,
  tokenizerPath,
} from "../runtime/run-folder.js";
import { type TrainOptions, type TrainResult, train } from "../runtime/train.js";
import type { WgslProfile } from "../targets/wgsl/limits.js";
import { checkDesign, compileDesign, compileForGpu, compileForNvidia } from "./compile-design.js";
import { setOption, targetNamed } from "./flags.js";
import { fromRun, refuseResume } from "./from-run.js";
import { untilInterrupted } from "./interrupt.js";
import { type Cli, complain, exit, warn } from "./output.js";
import { readSpec, specName } from "./read-spec.js";
import { tierOfGpu } from "./tier-of-gpu.js";
import { type TrainView, trainView } from "./train-view.js";
import { type TuneFlags, tunedLines, tuneFlags } from "./tune.js";

export interface TrainFlags extends TuneFlags {
  readonly target: string;
  readonly data?: readonly string[];
  readonly steps?: number;
  readonly seed?: number;
  readonly set?: readonly string[];
  readonly out?: string;
  readonly resume?: boolean;
  readonly from?: string;
  readonly json?: boolean;
}

/** Exit 0 when all steps are done, 1 for a mistake of the user, 3 when it diverged, 130 when it was interrupted. */
export async function trainCommand(cli: Cli, file: string, flags: TrainFlags): Promise<number> {
  const target = targetNamed(flags.target, ["cpu", "wgsl", "cuda"]);
  const { host } = cli;
  if (flags.resume && flags.from !== undefined) refuseResume(flags.from);
  const source = readSpec(host, file);
  const name = specName(source.path);
  const folder = flags.out ?? (flags.resume ? latestFolder(host, name) : freshFolder(host, name));
  const before = flags.resume ? runToResume(cli, folder) : undefined;
  const wished = askedFor(flags, before);
  // before anything slow: whether there is an adapter, and what it can do
  const profile = target === "wgsl" ? await adapterProfile() : undefined;
  const tier = target === "cuda" ? await tierOfGpu() : undefined;
  const view = trainView(cli, { json: flags.json ?? false, folder });
  const asked = flags.tune
    ? { ...wished, ...(await tuned(cli, source, { ...flags, ...wished }, target, view)) }
    : wished;
  const started = host.now();
  const programs = { programs: ["train", "evaluate"] as const };
  const { bundle, plan } = {
    cpu: () => bundled(compileDesign(cli, source, asked, programs), bundleOf, name),
    wgsl: () => bundled(compileForGpu(cli, source, asked, programs, profile!), wgslBundleOf, name),
    cuda: () => bundled(compileForNvidia(cli, source, asked, programs, tier!), cudaBundleOf, name),
  }[target]();
  view.compiled(bundle, host.now() - started);
  const from = flags.from === undefined ? undefined : fromRun(cli, flags.from, bundle.design);
  for (const line of from?.lines ?? []) view.report(line);
  for (const each of from?.warnings ?? []) warn(cli, each);
  const options: Omit<TrainOptions, "signal"> = {
    host,
    folder,
    data: asked.data,
    seed: flags.seed ?? before?.seed,
    steps: flags.steps ?? before?.steps,
    resume: flags.resume,
    carry: from?.carry,
    tokenizer:
      from?.tokenizer ?? ownTokenizer(cli, folder, bundle.design, before) ?? mergedTokenizer(host, bundle.design),
    origin: from?.origin ?? before?.from,
    threads: flags.threads,
    specText: source.text,
    watch: () => watchOf(bundle, plan),
    flags: asked,
    cache: cacheFolder(host),
    report: view.report,
    log: view.report,
  };
  const result = await untilInterrupted((signal) => train(bundle, { ...options, signal }, view.events));
  return finish(cli, result, view.end);
}

/** What a trainer takes, and the plan that it came from. */
function bundled<C extends { readonly plan: KernelPlan }>(
  compiled: C,
  of: (compiled: C, name: string) => Bundle,
  name: string,
) {
  return { bundle: of(compiled, name), plan: compiled.plan };
}

/** A run that started from others has their vocabulary, not one of its own data. */
function ownTokenizer(
  { host }: Cli,
  folder: string,
  { model }: Design,
  before: Manifest | undefined,
): TokenizerChoice | undefined {
  const path = tokenizerPath(folder);
  const startedFromOthers = before !== undefined && (before.from ?? model?.merge) !== undefined;
  return startedFromOthers && host.kind(path) === "file" ? { kind: "file", path } : undefined;
}

/** Wishes for the strategies that are fastest here. */
async function tuned(
  cli: Cli,
  source: SourceFile,
  flags: TrainFlags,
  target: "cpu" | "wgsl" | "cuda",
  { report }: TrainView,
) {
  if (target === "cuda") {
    const params = {
      flag: "--tune",
      value: "--target cuda",
      expected: "a target that strategies can be measured on: cpu or wgsl",
    };
    throw new DiagnosticError([diagnose("MOE6021", params)]);
  }
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  const found = await tuneFlags(cli, design, flags, target);
  for (const line of found.tuned.flatMap(tunedLines)) report(line);
  return found.wishes;
}

/** What the adapter of this machine allows. Errors: MOE5006 without one. */
async function adapterProfile(): Promise<WgslProfile> {
  const { findAdapter } = await import("../targets/wgsl/adapter.js");
  const { profileOf } = await import("../targets/wgsl/device.js");
  return profileOf(await findAdapter());
}

/** A resumed run asks for what it asked for before, unless told otherwise. */
function askedFor({ set, data, dispatch, rewrite = [] }: TrainFlags, before: Manifest | undefined): RunFlags {
  const flags = before?.flags;
  return {
    set: set ?? flags?.set ?? [],
    data: data ?? flags?.data,
    dispatch: dispatch ?? flags?.dispatch ?? [],
    rewrite: rewrite.length > 0 ? rewrite : (flags?.rewrite ?? []),
    measured: dispatch === undefined ? (flags?.measured ?? []) : [],
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
