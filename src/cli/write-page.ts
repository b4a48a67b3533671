/** Writes a page where the user wants it. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { IoError } from "../host/host.js";
import type { Cli } from "./output.js";

/** Pages that begin with `mark` are replaced, other files are not: MOE6010; MOE6014 when it cannot be written. */
export function writePage({ host }: Cli, path: string, text: string, mark: string): void {
  try {
    if (host.kind(path) === "file" && !host.readText(path).startsWith(mark)) {
      throw new DiagnosticError([diagnose("MOE6010", { file: path })]);
    }
    host.write(path, text);
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    throw new DiagnosticError([diagnose("MOE6014", { file: path, reason: cause.message })]);
  }
}

/** MOE6010 where there is a file already. */
export function refuseToOverwrite(host: Cli["host"], path: string): void {
  if (host.kind(path) === "file") throw new DiagnosticError([diagnose("MOE6010", { file: path })]);
}
