/**
 * A run in memory: a compiled design on its device, its data, its weights, and how far it is. One step at a time;
 * the loop with folders and progress is `train.ts`.
 */
import type { Train } from "../2-design/design.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import type { Bundle } from "./bundle.js";
import type { Carry } from "./carry.js";
import type { StoredCheckpoint } from "./checkpoint.js";
import { type PreparedData, prepareData, type TokenizerChoice } from "./data/prepare.js";
import { createSampler } from "./data/sampler.js";
import type { Engine } from "./engine.js";
import { type Evaluation, evaluate, planEvaluation, writeBatch } from "./evaluate.js";
import { type LoadWatch, watchLoad } from "./load.js";
import { type EngineOptions, openEngine } from "./open-engine.js";
import type { DrawnTables, TablesByName } from "./routing-tables.js";
import { checkSameData, freshState, loadedState, type RunParts, type RunState, saveState } from "./run-state.js";
import { findCulprit, type MixtureSite, mixtureSites, type StepResults, stepResults } from "./step-results.js";

export interface RunOptions extends EngineOptions {
  readonly host: FileHost;
  /** file patterns instead of those of the spec */
  readonly data?: readonly string[] | undefined;
  /** instead of the spec's */
  readonly seed?: number | undefined;
  /** the checkpoint to go on from */
  readonly from?: StoredCheckpoint | undefined;
  /** what a new run takes over from an earlier one */
  readonly carry?: Carry | undefined;
  /** instead of the spec's: ids must mean to a run what they meant to the weights it starts from */
  readonly tokenizer?: TokenizerChoice | undefined;
  /** folder of the data cache */
  readonly cache?: string | undefined;
  /** told what takes time, one short line each */
  readonly report?: ((what: string) => void) | undefined;
  /** stands between the run and its engine */
  readonly wrap?: ((engine: Engine) => Engine) | undefined;
}

/** What a step gave; `diverged` says what is no longer a number. */
export interface Step extends StepResults {
  /** steps done, this one included */
  readonly step: number;
  readonly milliseconds: number;
  readonly diverged: Diagnostic | undefined;
  readonly warnings: readonly Diagnostic[];
}

export interface Run {
  readonly bundle: Bundle;
  readonly engine: Engine;
  readonly data: PreparedData;
  readonly seed: number;
  /** how the tables came out, unless they were read from a checkpoint */
  readonly drawn: () => DrawnTables | undefined;
  /** the mixtures, first layer first */
  readonly sites: readonly MixtureSite[];
  /** B·S */
  readonly tokensPerStep: number;
  /** held-out tokens that an evaluation predicts; 0: there are too few for one window */
  readonly evaluatedTokens: number;
  /** training steps done */
  readonly step: () => number;
  readonly train: () => Promise<Step>;
  /** undefined when nothing is held out, or too little for one window */
  readonly evaluate: (stopped?: () => boolean) => Promise<Evaluation | undefined>;
  /** brings weights and state to the host, where a device keeps its own: before `save`, `weight` */
  readonly pull: () => Promise<void>;
  /** saves a checkpoint below a folder and answers with its own; MOE6011 when a weight is no longer a number */
  readonly save: (folder: string) => string;
  /** takes weights, optimiser state and step from a checkpoint of this design and this data */
  readonly load: (from: StoredCheckpoint) => void;
  /** the numbers of a weight, without copying */
  readonly weight: (name: string) => Float32Array;
  readonly close: () => Promise<void>;
}

/** The `train` block of a design; MOE2021 without. */
export function trainOf({ design }: Bundle): Train {
  if (design.train && design.model) return design.train;
  throw new DiagnosticError([diagnose("MOE2021", { what: design.model ? "train" : "model" })]);
}

/** Prepares the data, opens the engine, and puts the weights in place. */
export async function openRun(bundle: Bundle, options: RunOptions): Promise<Run> {
  const { host, from } = options;
  const spec = trainOf(bundle);
  const seed = options.seed ?? spec.seed;
  const data = await prepare(bundle, spec, seed, options);
  const sampler = createSampler({
    tokens: data.train,
    batch: spec.batch,
    sequence: bundle.design.model!.context,
    seed,
  });
  // before anything slow
  if (from) checkSameData(from, sampler, data);
  const opened = await openEngine(bundle, options);
  const engine = options.wrap?.(opened) ?? opened;
  try {
    const parts: RunParts = { bundle, engine, data, sampler, seed, host };
    if (from) options.report?.(`going on from ${from.folder}`);
    return running(parts, spec, from ? loadedState(parts, from) : freshState(parts, options.carry));
  } catch (cause) {
    await engine.close();
    throw cause;
  }
}

async function prepare({ design }: Bundle, spec: Train, seed: number, options: RunOptions): Promise<PreparedData> {
  const { host, report, cache } = options;
  const { vocab } = design.model!;
  const { data, evaluate } = spec;
  const [patterns, tokenizer] = [options.data ?? data.globs, options.tokenizer ?? spec.tokenizer];
  return prepareData(host, { patterns, tokenizer, vocab, heldOut: evaluate?.heldOut ?? 0, seed, report, cache });
}

function running(parts: RunParts, spec: Train, start: RunState): Run {
  const { bundle, engine, data, seed } = parts;
  const sequence = bundle.design.model!.context;
  const sites = mixtureSites(engine, "train");
  const layers = sites.map(({ layer }) => layer);
  const watch = watchLoad({ reachable: reachable(start.tables, data.counts, sites), layers });
  const held = planEvaluation(data.heldOut, spec.batch, sequence);
  let state = start;
  let sent = false;
  /** What was put into place is sent to the device once, before the first program runs on it. */
  const send = async (): Promise<void> => {
    if (!sent) await engine.push();
    sent = true;
  };
  return {
    bundle,
    engine,
    data,
    seed,
    sites,
    drawn: () => state.drawn,
    tokensPerStep: spec.batch * sequence,
    evaluatedTokens: held.starts.length * sequence,
    step: () => state.step,
    train: async () => {
      await send();
      const result = await trainStep(parts, sites, watch, state.step);
      state = { ...state, step: state.step + 1 };
      return result;
    },
    evaluate: async (stopped) => {
      await send();
      return evaluate(engine, data, held, stopped);
    },
    pull: async () => {
      await send();
      await engine.pull();
    },
    save: (folder) => saveState(parts, state, folder),
    load: (from) => {
      state = loadedState(parts, from);
      sent = false;
    },
    weight: (name) => state.idle.get(name) ?? engine.floats("param", name),
    close: () => engine.close(),
  };
}

async function trainStep(
  { bundle, engine, seed, sampler }: RunParts,
  sites: readonly MixtureSite[],
  watch: LoadWatch,
  done: number,
): Promise<Step> {
  const start = performance.now();
  writeBatch(engine, sampler.batch(done), bundle.design.model!.context);
  engine.floats("input", "step")[0] = done;
  // f32 holds whole numbers up to 2^24
  if (engine.has("input", "seed")) engine.floats("input", "seed")[0] = seed % 2 ** 24;
  await engine.run("train");
  const milliseconds = performance.now() - start;
  const results = stepResults(engine, sites);
  if (!Number.isFinite(results.loss) || !Number.isFinite(results.gradNorm)) await engine.pull();
  const culprit = findCulprit(engine, bundle, results);
  const diverged = culprit && diagnose("MOE6011", { step: done + 1, what: culprit.what, value: String(culprit.value) });
  return { ...results, step: done + 1, milliseconds, diverged, warnings: diverged ? [] : watch(results.loads) };
}

/** Whether any id that occurs may be sent to an expert: others are silent by design, not dead. */
function reachable(tables: TablesByName, counts: ArrayLike<number>, sites: readonly MixtureSite[]) {
  const shown = sites.map(({ scope }) => {
    const own = [...tables].filter(([name]) => name.startsWith(`${scope}.`)).map(([, table]) => table);
    return own.map((table) => shownExperts(table, counts));
  });
  return (site: number, expert: number): boolean => (shown[site] ?? []).every((each) => each.has(expert));
}

function shownExperts(visible: Uint8Array, counts: ArrayLike<number>): ReadonlySet<number> {
  const experts = visible.length / counts.length;
  const shown = new Set<number>();
  visible.forEach((sees, at) => {
    if (sees === 1 && counts[Math.floor(at / experts)]! > 0) shown.add(at % experts);
  });
  return shown;
}
