/** What a run carries from step to step, outside the arena and in it: made fresh, taken from a checkpoint, or saved. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import type { Bundle } from "./bundle.js";
import { type Carry, carriesNothing } from "./carry.js";
import { type StoredCheckpoint, saveCheckpoint } from "./checkpoint.js";
import type { PreparedData } from "./data/prepare.js";
import type { Sampler, SamplerState } from "./data/sampler.js";
import type { Engine } from "./engine.js";
import { fillData } from "./fill-data.js";
import { mergeFor } from "./merge.js";
import { type DrawnTables, drawTables, type TablesByName, tableUses } from "./routing-tables.js";
import { sha256 } from "./sha256.js";
import {
  carriedTables,
  firstBadWeight,
  type IdleTensors,
  loadModel,
  loadOptimizer,
  modelTensors,
  optimizerTensors,
  startFresh,
  tablesIn,
} from "./start-weights.js";
import { placeStep } from "./step-input.js";

export interface RunState {
  /** training steps done */
  readonly step: number;
  readonly tables: TablesByName;
  readonly idle: IdleTensors;
  /** how the tables came out, unless they were read from a checkpoint */
  readonly drawn: DrawnTables | undefined;
}

/** What a state belongs to. */
export interface RunParts {
  readonly bundle: Bundle;
  readonly engine: Engine;
  readonly data: PreparedData;
  readonly sampler: Sampler;
  readonly seed: number;
  readonly host: FileHost;
}

/**
 * Step 0: tables drawn from the counts of the training tokens, weights by rule and seed, unless they are carried over
 * from an earlier run.
 */
export function freshState({ bundle, engine, data, seed, host }: RunParts, carry: Carry = carriesNothing): RunState {
  const drawn = drawTables(host, bundle.design, data.counts);
  const tables = carriedTables(bundle, drawn.byName, carry);
  fillData(engine, tables, tableUses(bundle.design));
  placeStep(engine, 0);
  const isDrawn = [...tables].every(([name, table]) => table === drawn.byName.get(name));
  return {
    step: 0,
    tables,
    idle: startFresh(engine, bundle, seed, mergeFor(host, bundle.design), carry),
    drawn: isDrawn ? drawn : undefined,
  };
}

/** The state of a checkpoint; the errors of `checkSameData`, and those of tensors that do not fit the design. */
export function loadedState({ bundle, engine, data, sampler }: RunParts, from: StoredCheckpoint): RunState {
  checkSameData(from, sampler, data);
  const idle = loadModel(engine, bundle, from.model);
  loadOptimizer(engine, bundle, from.optimizer);
  const tables = tablesIn(bundle, from.model);
  fillData(engine, tables, tableUses(bundle.design));
  placeStep(engine, from.step);
  return { step: from.step, tables, idle, drawn: undefined };
}

/** Saves a checkpoint below a folder and answers with its own; MOE6011 when a weight is no longer a number. */
export function saveState({ bundle, engine, data, sampler, host }: RunParts, state: RunState, folder: string): string {
  const { step, tables, idle } = state;
  const bad = firstBadWeight(engine, bundle);
  if (bad) {
    throw new DiagnosticError([diagnose("MOE6011", { step, what: `\`${bad.name}\``, value: String(bad.value) })]);
  }
  const [model, optimizer] = [modelTensors(bundle, engine, tables, idle), optimizerTensors(bundle, engine)];
  const kept = { spec: bundle.design.spec.hash, data: fingerprint(data), sampler: sampler.state(step) };
  return saveCheckpoint(host, folder, { step, model, optimizer, state: kept });
}

/** MOE6029 when a checkpoint was written for other data, MOE6030 when it does not say for which. */
export function checkSameData({ folder, state }: StoredCheckpoint, sampler: Sampler, data: PreparedData): void {
  const { sampler: place, data: before } = state;
  if (typeof place !== "object" || place === null || typeof before !== "string") {
    throw new DiagnosticError([
      diagnose("MOE6030", { folder, reason: "its state.json does not say where the data was" }),
    ]);
  }
  sampler.check(place as SamplerState);
  const now = fingerprint(data);
  if (before === now) return;
  const short = (hash: string): string => hash.slice(0, 12);
  const params = { what: "the hash of the training tokens", before: short(before), now: short(now) };
  throw new DiagnosticError([diagnose("MOE6029", params)]);
}

const fingerprints = new WeakMap<PreparedData, string>();

/** SHA-256 of the training tokens: the same text may lie in other files. */
function fingerprint(data: PreparedData): string {
  const { train } = data;
  const known = fingerprints.get(data) ?? sha256(new Uint8Array(train.buffer, train.byteOffset, train.byteLength));
  fingerprints.set(data, known);
  return known;
}
