/**
 * The folder of a run: `manifest.json` says what was run and with what, `spec.moe` is the design as it was, beside
 * `tokenizer.json`, `metrics.jsonl` and `checkpoints/`. A run never writes into the folder of another one.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import { join } from "../host/paths.js";
import { readTextFile, unreadable } from "../host/reading.js";
import type { Origin } from "./carry.js";
import { writing } from "./safetensors-write.js";

export interface Manifest {
  /** version of moec */
  readonly moec: string;
  readonly spec: { readonly path: string; readonly hash: string };
  readonly flags: RunFlags;
  /** steps the run is to have in the end */
  readonly steps: number;
  readonly seed: number;
  /** the run whose weights it started with */
  readonly from?: Origin;
  readonly target: string;
  readonly device: string;
  readonly node: string;
  readonly platform: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly memory: Readonly<Record<string, number>>;
  readonly status: "running" | "finished" | "interrupted" | "diverged";
}

/** What the user asked for besides the spec; a resumed run asks for the same. */
export interface RunFlags {
  readonly set: readonly string[];
  readonly data: readonly string[] | undefined;
  readonly dispatch: readonly string[];
  /** rewrites that were left out; runs of older versions say nothing */
  readonly rewrite?: readonly string[];
  /** mixtures whose strategy was measured, not asked for */
  readonly measured?: readonly string[];
}

export const manifestPath = (run: string): string => join(run, "manifest.json");
export const specPath = (run: string): string => join(run, "spec.moe");
export const tokenizerPath = (run: string): string => join(run, "tokenizer.json");
export const metricsPath = (run: string): string => join(run, "metrics.jsonl");

/** Whether a folder holds a run, finished or not. */
export function holdsRun(host: FileHost, folder: string): boolean {
  const traces = ["manifest.json", "metrics.jsonl", "checkpoints", "tokenizer.json", "spec.moe"];
  return traces.some((name) => host.kind(join(folder, name)) !== undefined);
}

/** `runs/<name>`, or with the first number from 2 that is free: `runs/mask-moe-2`. */
export function freshFolder(host: FileHost, name: string): string {
  for (let number = 1; ; number++) {
    const folder = numbered(name, number);
    if (host.kind(folder) === undefined) return folder;
  }
}

const numbered = (name: string, number: number): string => join("runs", number === 1 ? name : `${name}-${number}`);

/** The newest run of a spec, by number; `runs/<name>` when there is none. */
export function latestFolder(host: FileHost, name: string): string {
  const names = host.kind("runs") === "folder" ? host.list("runs") : [];
  const numbers = names.flatMap((each) => {
    if (each === name) return [1];
    const rest = each.startsWith(`${name}-`) ? each.slice(name.length + 1) : "";
    return /^[1-9]\d*$/.test(rest) ? [Number(rest)] : [];
  });
  return numbered(name, Math.max(1, ...numbers));
}

/** A folder that a new run may have: MOE6025 when it already holds one. */
export function checkFree(host: FileHost, folder: string): void {
  if (!holdsRun(host, folder)) return;
  const help = ["`--resume` goes on with it", "`--out` names another folder"];
  throw new DiagnosticError([diagnose("MOE6025", { folder }, { help })]);
}

/** Keeps others out of a run's folder until the answer is called: MOE6039 when a living process is training there. */
export function holdRun(host: FileHost, folder: string): () => void {
  const held = writing(folder, () => host.hold(join(folder, ".held")));
  if ("release" in held) return held.release;
  const help = ["`--out` names another folder"];
  throw new DiagnosticError([diagnose("MOE6039", { folder, process: held.by }, { help })]);
}

/** Replaces the manifest in one move. */
export function writeManifest(host: FileHost, folder: string, manifest: Manifest): void {
  const path = manifestPath(folder);
  writing(path, () => {
    host.write(`${path}.writing`, `${JSON.stringify(manifest, null, 2)}\n`);
    host.rename(`${path}.writing`, path);
  });
}

/** The manifest of a run; MOE6013 when there is none or it cannot be understood. */
export function readManifest(host: FileHost, folder: string): Manifest {
  const path = manifestPath(folder);
  const fail = (): never => {
    throw unreadable(path, "it is not the manifest of a run", whatARunIs);
  };
  const parsed = parseObject(readTextFile(host, path, whatARunIs)) ?? fail();
  const isManifest =
    typeof parsed.spec === "object" && typeof parsed.flags === "object" && typeof parsed.seed === "number";
  return isManifest ? (parsed as unknown as Manifest) : fail();
}

const whatARunIs = ["a run is a folder that `moec train` wrote, such as runs/mask-moe"];

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
