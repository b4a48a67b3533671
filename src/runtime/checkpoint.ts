/**
 * Checkpoints of a run: `checkpoints/<step>/{model.safetensors, optimizer.safetensors, state.json}`. A checkpoint is
 * written under a hidden name, made durable, and then renamed in one move: a process that is killed at any moment
 * leaves the old checkpoint or the new one. A numbered folder is therefore always complete.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import { join } from "../host/paths.js";
import type { Dtype } from "./dtype.js";
import { readSafetensors, type Safetensors } from "./safetensors.js";
import { safetensorsPieces, type Tensor, writing } from "./safetensors-write.js";

export interface Checkpoint {
  /** training steps done */
  readonly step: number;
  readonly model: readonly Tensor[];
  readonly optimizer: readonly Tensor[];
  /** everything else that the next step depends on: JSON */
  readonly state: Readonly<Record<string, unknown>>;
}

export interface StoredCheckpoint {
  readonly step: number;
  readonly folder: string;
  readonly model: Safetensors;
  readonly optimizer: Safetensors;
  readonly state: Readonly<Record<string, unknown>>;
}

/** How many checkpoints stay: the newest, and the one before in case the newest turns out to be bad. */
const kept = 2;

const rootOf = (run: string): string => join(run, "checkpoints");

/**
 * Saves a checkpoint below the run's folder and removes all but the two newest. MOE6008 when the disk is full,
 * MOE6014 when it cannot be written; the checkpoints that were there are then untouched.
 * @returns the checkpoint's folder
 */
export function saveCheckpoint(host: FileHost, run: string, { step, model, optimizer, state }: Checkpoint): string {
  const root = rootOf(run);
  const folder = join(root, String(step));
  const temporary = join(root, `.writing-${step}`);
  writing(folder, () => {
    settle(host, root);
    try {
      host.writeDurably(join(temporary, "model.safetensors"), safetensorsPieces(model));
      host.writeDurably(join(temporary, "optimizer.safetensors"), safetensorsPieces(optimizer));
      host.writeDurably(join(temporary, "state.json"), [jsonBytes({ ...state, step })]);
      host.syncFolder(temporary);
    } catch (cause) {
      host.remove(temporary);
      throw cause;
    }
    putInPlace(host, root, temporary, step);
    for (const old of checkpointSteps(host, run).slice(0, -kept)) discard(host, root, old);
  });
  return folder;
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
}

/** One rename, or two if the step was saved before: between the two, `settle` can bring the old one back. */
function putInPlace(host: FileHost, root: string, temporary: string, step: number): void {
  const [folder, replaced] = [join(root, String(step)), join(root, `.replaced-${step}`)];
  const isSavedAgain = host.kind(folder) === "folder";
  if (isSavedAgain) host.rename(folder, replaced);
  host.rename(temporary, folder);
  host.syncFolder(root);
  if (isSavedAgain) host.remove(replaced);
}

/** A rename first: a numbered folder must never be seen half removed. */
function discard(host: FileHost, root: string, step: number): void {
  host.rename(join(root, String(step)), join(root, `.old-${step}`));
  host.remove(join(root, `.old-${step}`));
}

/**
 * Tidies up after a process that was killed: brings a replaced checkpoint back, removes what is half written. Only for
 * the process that saves: to a reader, what is half written may be the work of a process that is still at it.
 */
function settle(host: FileHost, root: string): void {
  if (host.kind(root) !== "folder") return;
  for (const name of host.list(root)) {
    const [, what, step] = /^\.(writing|replaced|old)-(\d+)$/.exec(name) ?? [];
    if (what === undefined) continue;
    const isLost = what === "replaced" && host.kind(join(root, step!)) === undefined;
    if (isLost) host.rename(join(root, name), join(root, step!));
    else host.remove(join(root, name));
  }
}

/** The steps of a run's complete checkpoints, ascending. */
export function checkpointSteps(host: FileHost, run: string): number[] {
  if (host.kind(rootOf(run)) !== "folder") return [];
  const numbers = host.list(rootOf(run)).flatMap((name) => /^(?:\.replaced-)?(\d+)$/.exec(name)?.[1] ?? []);
  return [...new Set(numbers.map(Number))].sort((a, b) => a - b);
}

/** Where the checkpoint of a step lies: a process that was killed while it replaced it left it under its second name. */
function folderOfStep(host: FileHost, root: string, step: number): string {
  const folder = join(root, String(step));
  return host.kind(folder) === "folder" ? folder : join(root, `.replaced-${step}`);
}

/**
 * Opens the newest checkpoint of a run, or the one of a step, and changes nothing: the run may be under way. MOE6016
 * when there is none, MOE6030 when its state is damaged, MOE6007 and MOE6013 when its tensors are; it never falls back
 * to an older one by itself.
 */
export function openCheckpoint(host: FileHost, run: string, step?: number): StoredCheckpoint {
  const steps = checkpointSteps(host, run);
  const wanted = step ?? steps.at(-1);
  if (wanted === undefined || !steps.includes(wanted)) {
    const help = steps.length === 0 ? [] : [`it has checkpoints of step ${steps.join(" and ")}`];
    throw new DiagnosticError([
      diagnose("MOE6016", { folder: run, step: steps.length === 0 ? undefined : step }, { help }),
    ]);
  }
  const folder = folderOfStep(host, rootOf(run), wanted);
  try {
    return {
      step: wanted,
      folder,
      model: readSafetensors(host, join(folder, "model.safetensors")),
      optimizer: readSafetensors(host, join(folder, "optimizer.safetensors")),
      state: readState(host, folder),
    };
  } catch (cause) {
    throw withWayOut(cause, folder, steps.filter((each) => each < wanted).at(-1));
  }
}

function readState(host: FileHost, folder: string): Readonly<Record<string, unknown>> {
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6030", { folder, reason })]);
  };
  const path = join(folder, "state.json");
  if (host.kind(path) !== "file") fail("it has no state.json");
  let state: unknown;
  try {
    state = JSON.parse(host.readText(path));
  } catch {
    fail("its state.json is not JSON");
  }
  const isState = typeof state === "object" && state !== null && "step" in state;
  return isState ? (state as Readonly<Record<string, unknown>>) : fail("its state.json names no step");
}

function withWayOut(cause: unknown, folder: string, before: number | undefined): unknown {
  if (!(cause instanceof DiagnosticError) || before === undefined) return cause;
  const help = { text: `remove \`${folder}\` to go on from step ${before}` };
  return new DiagnosticError(cause.diagnostics.map((each) => ({ ...each, help: [...(each.help ?? []), help] })));
}

/** What a model needs of a file. */
export interface ExpectedTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/**
 * Checks that a file holds exactly the expected tensors; throws all differences together: MOE6004 missing, MOE6005
 * not expected, MOE6006 another shape, MOE6018 another type.
 */
export function checkTensors(file: Safetensors, expected: readonly ExpectedTensor[]): void {
  const names = new Set(expected.map(({ name }) => name));
  const extra = [...file.tensors.keys()].filter((tensor) => !names.has(tensor));
  const problems = [
    ...expected.flatMap((each) => compareTensor(file, each)),
    ...extra.map((tensor) => diagnose("MOE6005", { file: file.path, tensor })),
  ];
  if (problems.length > 0) throw new DiagnosticError(problems);
}

function compareTensor(
  { path: file, tensors }: Safetensors,
  { name: tensor, dtype, shape }: ExpectedTensor,
): Diagnostic[] {
  const found = tensors.get(tensor);
  if (found === undefined) return [diagnose("MOE6004", { file, tensor })];
  const sameShape = found.shape.length === shape.length && found.shape.every((size, axis) => size === shape[axis]);
  if (!sameShape) return [diagnose("MOE6006", { file, tensor, found: found.shape, expected: shape })];
  return found.dtype === dtype ? [] : [diagnose("MOE6018", { file, tensor, found: found.dtype, expected: dtype })];
}
