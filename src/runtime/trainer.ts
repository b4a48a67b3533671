/** The trainer behind every generated one: a run that a program drives step by step, or leaves to itself. */
import { fileURLToPath } from "node:url";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { cacheFolder } from "../host/cache-folder.js";
import type { Host } from "../host/host.js";
import { nodeHost } from "../host/node.js";
import { openCheckpoint } from "./checkpoint.js";
import type { Evaluation } from "./evaluate.js";
import { generateText, type SampleOptions } from "./generate-text.js";
import type { StepMetrics } from "./metrics.js";
import { readBundle } from "./read-bundle.js";
import { openRun, type Run, trainOf } from "./run.js";
import { freshFolder } from "./run-folder.js";
import { metricsOf } from "./step-results.js";
import { type TrainEvents, type TrainResult, trainRun } from "./train.js";

export interface TrainerOptions {
  /** file patterns instead of those of the spec */
  readonly data?: readonly string[];
  /** instead of the spec's */
  readonly seed?: number;
  /** default: `MOEC_THREADS`, else one for each processor */
  readonly threads?: number;
  /** told what takes time, one line each */
  readonly log?: (line: string) => void;
  /** where files are; this machine unless said */
  readonly host?: Host;
}

export interface TrainUntil {
  /** steps to have in the end; the spec's unless said */
  readonly steps?: number;
  /** the run's folder; a fresh one below `runs/` unless said */
  readonly folder?: string;
  /** stops after the step it is in */
  readonly signal?: AbortSignal;
  readonly events?: TrainEvents;
}

export interface Trainer<WeightName extends string = string, Metrics = StepMetrics> {
  /** training steps done */
  readonly done: () => number;
  /** one training step; MOE6011 is thrown when something is no longer a number */
  readonly step: () => Promise<Metrics>;
  /** trains on with metrics, evaluations and checkpoints in a folder, as `moec train` does */
  readonly train: (until?: TrainUntil) => Promise<TrainResult>;
  /** held-out loss, perplexity, bits per byte; undefined when too little is held out */
  readonly evaluate: () => Promise<Evaluation | undefined>;
  /** what the model adds to a prompt */
  readonly sample: (prompt: string, options?: SampleOptions) => Promise<string>;
  /** the numbers of a weight, without copying: writing changes the model */
  readonly weight: (name: WeightName) => Float32Array;
  /** saves a checkpoint below a folder; answers with the checkpoint's own folder */
  readonly save: (folder: string) => string;
  /** goes back, or on, to the newest checkpoint below a folder, or to that of a step */
  readonly load: (folder: string, step?: number) => void;
  readonly close: () => Promise<void>;
}

/** Opens the compiled design in a folder, e.g. `generated/mask-moe/`. */
export async function openTrainer<WeightName extends string, Metrics>(
  folder: URL | string,
  options: TrainerOptions = {},
): Promise<Trainer<WeightName, Metrics>> {
  const { host = nodeHost, log } = options;
  const bundle = readBundle(host, typeof folder === "string" ? folder : fileURLToPath(folder));
  const run = await openRun(bundle, { ...options, host, report: log, cache: cacheFolder(host) });
  return trainerOn<WeightName, Metrics>(run, host);
}

function trainerOn<WeightName extends string, Metrics>(run: Run, host: Host): Trainer<WeightName, Metrics> {
  const { bundle, engine, data } = run;
  const { watch } = trainOf(bundle);
  return {
    done: run.step,
    step: async () => {
      const step = await run.train();
      if (step.diverged) throw new DiagnosticError([step.diverged]);
      const speed = (1000 * run.tokensPerStep) / step.milliseconds;
      // the generated types list exactly the fields that this design's `watch` leads to
      return metricsOf(step.step, step, speed, watch) as Metrics;
    },
    train: ({ folder = freshFolder(host, bundle.name), events, ...until } = {}) =>
      trainRun(run, { host, folder, ...until }, events),
    evaluate: () => run.evaluate(),
    sample: (prompt, sampling) => {
      if (data.tokenizer === undefined) throw withoutTokenizer();
      const { vocab, context: sequence } = bundle.design.model!;
      return generateText(engine, data.tokenizer, { sequence, vocab }, prompt, sampling);
    },
    weight: (name) => run.weight(name),
    save: (folder) => run.save(folder),
    load: (folder, step) => run.load(openCheckpoint(host, folder, step)),
    close: () => run.close(),
  };
}

function withoutTokenizer(): DiagnosticError {
  const reason = "the run reads token ids without a tokenizer";
  return new DiagnosticError([diagnose("MOE6019", { file: "the data", reason })]);
}
