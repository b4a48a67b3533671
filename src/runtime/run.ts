/**
 * A run in memory: a compiled design on its device, its data, its weights, and how far it is. One step at a time;
 * the loop with folders and progress is `train.ts`.
 */
import type { Train } from "../2-design/design.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import type { Bundle } from "./bundle.js";
import { type StoredCheckpoint, saveCheckpoint } from "./checkpoint.js";
import { type PreparedData, prepareData } from "./data/prepare.js";
import { createSampler, type Sampler, type SamplerState } from "./data/sampler.js";
import { type Engine, type EngineOptions, openEngine } from "./engine.js";
import { type Evaluation, evaluate, planEvaluation, writeBatch } from "./evaluate.js";
import { fillData } from "./fill-data.js";
import { type LoadWatch, watchLoad } from "./load.js";
import { type DrawnTables, drawTables, type TablesByName, tableUses } from "./routing-tables.js";
import { sha256 } from "./sha256.js";
import {
  firstBadWeight,
  type IdleTensors,
  loadModel,
  loadOptimizer,
  modelTensors,
  optimizerTensors,
  startFresh,
  tablesIn,
} from "./start-weights.js";
import { findCulprit, type MixtureSite, mixtureSites, type StepResults, stepResults } from "./step-results.js";

export interface RunOptions extends EngineOptions {
  readonly host: FileHost;
  /** file patterns instead of those of the spec */
  readonly data?: readonly string[] | undefined;
  /** instead of the spec's */
  readonly seed?: number | undefined;
  /** the checkpoint to go on from */
  readonly from?: StoredCheckpoint | undefined;
  /** folder of the data cache */
  readonly cache?: string | undefined;
  /** told what takes time, one short line each */
  readonly report?: ((what: string) => void) | undefined;
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
  readonly tables: TablesByName;
  /** how the tables came out, unless they were read from a checkpoint */
  readonly drawn: DrawnTables | undefined;
  readonly sites: readonly MixtureSite[];
  readonly seed: number;
  /** B·S */
  readonly tokensPerStep: number;
  readonly sampler: Sampler;
  /** training steps done */
  readonly step: () => number;
  readonly train: () => Promise<Step>;
  /** undefined when nothing is held out, or too little for one window */
  readonly evaluate: (stopped?: () => boolean) => Promise<Evaluation | undefined>;
  /** saves a checkpoint below a folder; MOE6011 instead when a weight is no longer a number */
  readonly save: (folder: string) => string;
  readonly close: () => Promise<void>;
}

/** The `train` block of a design; MOE2021 without. */
export function trainOf({ design }: Bundle): Train {
  if (design.train && design.model) return design.train;
  throw new DiagnosticError([diagnose("MOE2021", { what: design.model ? "train" : "model" })]);
}

/** Prepares the data, opens the engine, and puts the weights in place. */
export async function openRun(bundle: Bundle, options: RunOptions): Promise<Run> {
  const spec = trainOf(bundle);
  const seed = options.seed ?? spec.seed;
  const data = await prepare(bundle, spec, seed, options);
  const sequence = bundle.design.model!.context;
  const sampler = createSampler({ tokens: data.train, batch: spec.batch, sequence, seed });
  const fingerprint = dataFingerprint(data);
  if (options.from) checkSameData(options.from, sampler, fingerprint);
  const drawn = options.from ? undefined : drawTables(options.host, bundle.design, data.counts);
  const tables = drawn?.byName ?? tablesIn(bundle, options.from!.model);
  const engine = await openEngine(bundle, options);
  try {
    fillData(engine, tables, tableUses(bundle.design));
    const idle = putWeights(engine, bundle, seed, options);
    return started({ bundle, engine, data, tables, drawn, seed, sampler, fingerprint, idle }, spec, sequence, options);
  } catch (cause) {
    await engine.close();
    throw cause;
  }
}

async function prepare({ design }: Bundle, spec: Train, seed: number, options: RunOptions): Promise<PreparedData> {
  const { host, report, cache } = options;
  const patterns = options.data ?? spec.data.globs;
  const heldOut = spec.evaluate?.heldOut ?? 0;
  return prepareData(host, {
    patterns,
    tokenizer: spec.tokenizer,
    vocab: design.model!.vocab,
    heldOut,
    seed,
    report,
    cache,
  });
}

function putWeights(engine: Engine, bundle: Bundle, seed: number, { from, report }: RunOptions): IdleTensors {
  if (from === undefined) return startFresh(engine, bundle, seed);
  report?.(`going on from ${from.folder}`);
  const idle = loadModel(engine, bundle, from.model);
  loadOptimizer(engine, bundle, from.optimizer);
  return idle;
}

/** SHA-256 of the training tokens: the same text may lie in other files. */
function dataFingerprint({ train }: PreparedData): string {
  return sha256(new Uint8Array(train.buffer, train.byteOffset, train.byteLength));
}

function checkSameData(from: StoredCheckpoint, sampler: Sampler, now: string): void {
  sampler.check(samplerState(from));
  const before = String(from.state.data);
  const short = (hash: string): string => hash.slice(0, 12);
  if (before === now) return;
  const params = { what: "the hash of the training tokens", before: short(before), now: short(now) };
  throw new DiagnosticError([diagnose("MOE6029", params)]);
}

/** Where the interrupted run was in its data; MOE6030 when the checkpoint does not say. */
function samplerState({ folder, state }: StoredCheckpoint): SamplerState {
  const { sampler } = state;
  if (typeof sampler === "object" && sampler !== null) return sampler as SamplerState;
  throw new DiagnosticError([
    diagnose("MOE6030", { folder, reason: "its state.json does not say where the data was" }),
  ]);
}

type Parts = Pick<Run, "bundle" | "engine" | "data" | "tables" | "drawn" | "seed" | "sampler"> & {
  readonly fingerprint: string;
  readonly idle: IdleTensors;
};

function started(parts: Parts, spec: Train, sequence: number, options: RunOptions): Run {
  const { engine, data, tables } = parts;
  const sites = mixtureSites(engine, "train");
  const watch = watchLoad({
    reachable: reachable(tables, data.counts, sites),
    layers: sites.map(({ layer }) => layer),
  });
  const held = planEvaluation(data.heldOut, spec.batch, sequence);
  let step = options.from?.step ?? 0;
  return {
    ...parts,
    sites,
    tokensPerStep: spec.batch * sequence,
    step: () => step,
    train: async () => {
      const result = await trainStep(parts, sites, watch, step, sequence);
      step++;
      return result;
    },
    evaluate: (stopped) => evaluate(engine, data, held, stopped),
    save: (folder) => saveRun(parts, tables, folder, step, options.host),
    close: () => engine.close(),
  };
}

async function trainStep(
  { bundle, engine, seed, sampler }: Parts,
  sites: readonly MixtureSite[],
  watch: LoadWatch,
  done: number,
  sequence: number,
): Promise<Step> {
  const start = performance.now();
  writeBatch(engine, sampler.batch(done), sequence);
  engine.floats("input", "step")[0] = done;
  // f32 holds whole numbers up to 2^24
  if (engine.has("input", "seed")) engine.floats("input", "seed")[0] = seed % 2 ** 24;
  await engine.run("train");
  const milliseconds = performance.now() - start;
  const results = stepResults(engine, sites);
  const culprit = findCulprit(engine, bundle, results);
  const diverged = culprit && diagnose("MOE6011", { step: done + 1, what: culprit.what, value: String(culprit.value) });
  return { ...results, step: done + 1, milliseconds, diverged, warnings: diverged ? [] : watch(results.loads) };
}

function saveRun(
  { bundle, engine, sampler, fingerprint, idle }: Parts,
  tables: TablesByName,
  folder: string,
  step: number,
  host: FileHost,
): string {
  const bad = firstBadWeight(engine, bundle);
  if (bad)
    throw new DiagnosticError([diagnose("MOE6011", { step, what: `\`${bad.name}\``, value: String(bad.value) })]);
  const [model, optimizer] = [modelTensors(bundle, engine, tables, idle), optimizerTensors(bundle, engine)];
  const state = { spec: bundle.design.spec.hash, data: fingerprint, sampler: sampler.state(step) };
  return saveCheckpoint(host, folder, { step, model, optimizer, state });
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
