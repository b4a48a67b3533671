/** Reading files that a user named: what the system refuses becomes MOE6013 and says why. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "./host.js";

/** The text of a file; MOE6013 when it is not there or cannot be read. */
export function readTextFile(host: FileHost, path: string, help: readonly string[] = []): string {
  return reading(path, () => host.readText(path), help);
}

/** Runs an action that reads a file and turns the system's refusal into MOE6013. */
export function reading<T>(path: string, action: () => T, help: readonly string[] = []): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    throw unreadable(path, reasons[cause.code] ?? cause.message, help);
  }
}

const reasons: Readonly<Partial<Record<IoError["code"], string>>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
};

/** MOE6013 with a reason of our own. */
export function unreadable(file: string, reason: string, help: readonly string[] = []): DiagnosticError {
  return new DiagnosticError([diagnose("MOE6013", { file, reason }, { help })]);
}
