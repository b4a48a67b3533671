/**
 * Training from the first step to the last: folder, metrics, evaluations, checkpoints, interruption. Used by
 * `moec train` and by generated trainers; what a person sees of it is up to the events.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import type { Bundle } from "./bundle.js";
import type { Origin } from "./carry.js";
import { checkpointSteps, openCheckpoint } from "./checkpoint.js";
import { DeviceLost } from "./device-lost.js";
import { findFirstBad, type Watch } from "./first-bad.js";
import { type Ledger, openLedger } from "./ledger.js";
import { openRun, type Run, type RunOptions, trainOf } from "./run.js";
import { checkFree, holdRun, type RunFlags, readManifest } from "./run-folder.js";
import { type StepReport, stepReporter } from "./step-report.js";

export interface TrainOptions extends Omit<RunOptions, "from"> {
  /** the run's folder */
  readonly folder: string;
  /** steps to train in all; the learning rate follows the spec's schedule whatever is asked for here */
  readonly steps?: number | undefined;
  /** go on with the newest checkpoint of the folder */
  readonly resume?: boolean | undefined;
  /** the spec's text, kept with the run so that `moec sample` needs nothing else */
  readonly specText?: string | undefined;
  readonly flags?: RunFlags | undefined;
  /** the run that this one starts from, for the manifest */
  readonly origin?: Origin | undefined;
  /** makes the program that finds what went wrong first; without it, a divergence is told as the losses show it */
  readonly watch?: (() => Watch) | undefined;
  /** set when training should stop after the step it is in */
  readonly signal?: AbortSignal | undefined;
}

export interface TrainEvents {
  /** everything is in place; the first step comes next */
  readonly opened?: (run: Run, steps: number) => void;
  /** after every step; `evaluation` only where there was one */
  readonly step?: (report: StepReport) => void;
  readonly warned?: (warning: Diagnostic) => void;
  readonly saved?: (folder: string, step: number) => void;
}

export interface TrainResult {
  readonly outcome: "finished" | "interrupted" | "diverged";
  readonly step: number;
  /** why it diverged */
  readonly diagnostic?: Diagnostic;
}

/**
 * Trains to the end, to an interruption, or to a divergence; users' mistakes are thrown as diagnostics. A device that
 * is lost is opened again, and the run goes on from its newest checkpoint; MOE6052 when there is none newer than before.
 */
export async function train(bundle: Bundle, options: TrainOptions, events: TrainEvents = {}): Promise<TrainResult> {
  const start = options.resume ? (checkpointSteps(options.host, options.folder).at(-1) ?? 0) : 0;
  try {
    return await trainOnce(bundle, options, events);
  } catch (cause) {
    if (!(cause instanceof DeviceLost)) throw cause;
    const { reason } = cause;
    const step = checkpointSteps(options.host, options.folder).at(-1);
    if (step === undefined || step <= start) throw new DiagnosticError([diagnose("MOE6052", { reason })]);
    events.warned?.(diagnose("MOE6051", { reason, step }));
    return train(bundle, { ...options, resume: true }, events);
  }
}

async function trainOnce(bundle: Bundle, options: TrainOptions, events: TrainEvents): Promise<TrainResult> {
  trainOf(bundle);
  const { host, folder, resume } = options;
  if (resume) checkResumable(bundle, options);
  else checkFree(host, folder);
  const before = process.memoryUsage.rss();
  // held before the checkpoint is read: whoever else trains here would leave another one; a new folder is made later
  const release = resume ? holdRun(host, folder) : undefined;
  try {
    const run = await openRun(bundle, { ...options, from: resume ? openCheckpoint(host, folder) : undefined });
    const result = await trainRun(run, { ...options, before }, events).finally(() => run.close());
    return result.outcome === "diverged" ? await withFirstBad(options, result) : result;
  } finally {
    release?.();
  }
}

/** The result with what went wrong first, where a watched program can be had and finds it. */
async function withFirstBad(options: TrainOptions, result: TrainResult): Promise<TrainResult> {
  const { diagnostic } = result;
  if (options.watch === undefined || diagnostic === undefined || options.signal?.aborted) return result;
  try {
    const first = await findFirstBad({ ...options, watch: options.watch() }, result.step);
    if (first === undefined) return result;
    return {
      ...result,
      diagnostic: { ...diagnostic, help: [{ text: `first: ${first}` }, ...(diagnostic.help ?? [])] },
    };
  } catch (cause) {
    // the divergence is the news; a replay that fails for want of memory must not hide it
    if (cause instanceof DiagnosticError) return result;
    throw cause;
  }
}

export interface TrainRunOptions extends Omit<TrainOptions, keyof RunOptions | "resume"> {
  readonly host: FileHost;
  readonly data?: readonly string[] | undefined;
  /** bytes of the process before the engine was opened */
  readonly before?: number | undefined;
}

/** Trains an open run on; its folder may hold what the same run wrote before. The run stays open. */
export async function trainRun(run: Run, options: TrainRunOptions, events: TrainEvents = {}): Promise<TrainResult> {
  for (const warning of run.data.warnings) events.warned?.(warning);
  // nothing happened yet, so there is nothing to keep
  if (options.signal?.aborted) return { outcome: "interrupted", step: run.step() };
  // whoever goes on holds the folder already
  if (run.step() > 0) return trainHeld(run, options, events);
  const release = holdRun(options.host, options.folder);
  try {
    checkFree(options.host, options.folder);
    return await trainHeld(run, options, events);
  } finally {
    release();
  }
}

async function trainHeld(run: Run, options: TrainRunOptions, events: TrainEvents): Promise<TrainResult> {
  const steps = options.steps ?? trainOf(run.bundle).steps;
  const ledger = openLedger(run, options, steps);
  events.opened?.(run, steps);
  const result = await loop(run, { steps, options, events, ledger });
  ledger.settle(result.outcome);
  return result;
}

/** MOE6016 without a checkpoint, MOE6017 where the run is another design's. */
function checkResumable(bundle: Bundle, { host, folder }: TrainOptions): void {
  if (checkpointSteps(host, folder).length === 0) throw new DiagnosticError([diagnose("MOE6016", { folder })]);
  if (readManifest(host, folder).spec.hash !== bundle.design.spec.hash) {
    throw new DiagnosticError([diagnose("MOE6017", { folder })]);
  }
}

interface Loop {
  readonly steps: number;
  readonly options: TrainRunOptions;
  readonly events: TrainEvents;
  readonly ledger: Ledger;
}

async function loop(run: Run, { steps, options, events, ledger }: Loop): Promise<TrainResult> {
  const every = trainOf(run.bundle).evaluate?.every ?? Math.max(1, Math.ceil(steps / 10));
  const stopped = (): boolean => options.signal?.aborted ?? false;
  const reportOf = stepReporter(run, steps);
  const { save, diverged } = saver(run, options, events);
  const first = run.step() + 1;
  while (run.step() < steps && !stopped() && !diverged()) {
    const step = await run.train();
    for (const warning of step.warnings) events.warned?.(warning);
    const isDue = !step.diverged && (step.step % every === 0 || step.step === steps);
    const evaluation = isDue && !stopped() ? await run.evaluate(stopped) : undefined;
    const report = reportOf(step, evaluation);
    ledger.step(report);
    events.step?.(report);
    if (step.diverged) return { outcome: "diverged", step: step.step, diagnostic: withWayOut(step.diverged, options) };
    if (step.step === first && options.before !== undefined)
      ledger.measured(process.memoryUsage.rss() - options.before);
    if (isDue) await save();
  }
  await save();
  const bad = diverged();
  if (bad) return { outcome: "diverged", step: run.step(), diagnostic: withWayOut(bad, options) };
  return { outcome: run.step() < steps ? "interrupted" : "finished", step: run.step() };
}

/** Saves each step once; remembers when that was refused because a weight is no longer a number. */
function saver(run: Run, { folder }: TrainRunOptions, events: TrainEvents) {
  let saved = run.step();
  let bad: Diagnostic | undefined;
  const save = async (): Promise<void> => {
    if (saved === run.step() || bad) return;
    await run.pull();
    try {
      const checkpoint = run.save(folder);
      saved = run.step();
      events.saved?.(checkpoint, saved);
    } catch (cause) {
      bad = cause instanceof DiagnosticError ? cause.diagnostics.find(({ code }) => code === "MOE6011") : undefined;
      if (!bad) throw cause;
    }
  };
  return { save, diverged: () => bad };
}

function withWayOut(diagnostic: Diagnostic, { host, folder }: TrainRunOptions): Diagnostic {
  const good = checkpointSteps(host, folder).at(-1);
  const back = good === undefined ? "no checkpoint was saved before" : `the checkpoint of step ${good} is untouched`;
  return {
    ...diagnostic,
    help: [{ text: back }, { text: "a lower learning rate or a longer warm-up is the usual cure" }],
  };
}
