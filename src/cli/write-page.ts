/** Writes a page where the user wants it. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { readTextFile } from "../host/reading.js";
import { writing } from "../runtime/safetensors-write.js";
import type { Cli } from "./output.js";

/**
 * Pages that begin with `mark` and empty files are replaced, others are not: MOE6010. MOE6008 and MOE6014 when it cannot
 * be written; the page that was there is then untouched.
 */
export function writePage({ host }: Cli, path: string, text: string, mark: string): void {
  const before = host.kind(path) === "file" ? readTextFile(host, path) : "";
  if (before !== "" && !before.startsWith(mark)) throw new DiagnosticError([diagnose("MOE6010", { file: path })]);
  writing(path, () => {
    try {
      host.write(`${path}.writing`, text);
      host.rename(`${path}.writing`, path);
    } catch (cause) {
      host.remove(`${path}.writing`);
      throw cause;
    }
  });
}

/** MOE6010 where there is a file already. */
export function refuseToOverwrite(host: Cli["host"], path: string): void {
  if (host.kind(path) === "file") throw new DiagnosticError([diagnose("MOE6010", { file: path })]);
}
