/**
 * Models can be made one only where their token ids mean the same. What tokenizer a checkpoint was trained with stands
 * in `tokenizer.json` of its run; a bare file of weights without one is taken at its word.
 */
import type { Design } from "../2-design/design.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import { folderOf, join } from "../host/paths.js";
import { readTextFile } from "../host/reading.js";
import type { TokenizerChoice } from "./data/prepare.js";
import { tokenizerPath } from "./run-folder.js";
import { fileInProject } from "./table-file.js";

/** A checkpoint's file lies three folders deep in its run. */
const DEPTH = 3;

/** Runs are named from where the commands are given, as `--out` and `--from` name them. MOE6009, MOE6013. */
export const runInProject = (host: FileHost, path: string): string =>
  fileInProject(host, { path, folder: ".", project: "." });

/** The tokenizer of a run, or of the run that a file of weights lies in; undefined: there is none. */
export function tokenizerOf(host: FileHost, weights: string): string | undefined {
  const start = host.kind(weights) === "folder" ? weights : folderOf(weights);
  const folders = Array.from({ length: DEPTH }).reduce<string[]>((all) => [...all, join(all.at(-1)!, "..")], [start]);
  return folders.map(tokenizerPath).find((path) => host.kind(path) === "file");
}

/** A check to be made for every checkpoint of a merge: MOE6053 for one whose tokenizer is not that of the first. */
export function sameTokenizers(host: FileHost): (path: string, real: string) => void {
  let first: { readonly path: string; readonly text: string } | undefined;
  return (path, real) => {
    const file = tokenizerOf(host, real);
    if (file === undefined) return;
    const text = readTextFile(host, file);
    first ??= { path, text };
    if (first.text !== text) throw new DiagnosticError([diagnose("MOE6053", { run: path, first: first.path })]);
  };
}

/** What a model made of others reads its text with: their tokenizer, where the first of them has one. */
export function mergedTokenizer(host: FileHost, design: Design): TokenizerChoice | undefined {
  const path = design.model?.merge?.[0];
  if (path === undefined) return undefined;
  const found = tokenizerOf(host, runInProject(host, path));
  return found === undefined ? undefined : { kind: "file", path: found };
}
