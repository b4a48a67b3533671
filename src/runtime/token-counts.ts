/** Token counts that the user brings: a JSON list of V whole numbers. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../host/host.js";

/** How often each id occurs; MOE6013 when the file cannot be read, MOE6012 when it does not hold V counts. */
export function readCounts(host: FileHost, path: string, vocab: number): Float64Array {
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6012", { file: path, reason })]);
  };
  const parsed = parseJson(readText(host, path), fail);
  if (!Array.isArray(parsed)) return fail("it is not a list");
  if (parsed.length !== vocab) fail(`it has ${parsed.length} numbers, the vocabulary has ${vocab}`);
  const bad = parsed.findIndex((each) => !Number.isSafeInteger(each) || (each as number) < 0);
  if (bad >= 0) fail(`the count of id ${bad} is ${JSON.stringify(parsed[bad])}; counts are whole numbers from 0`);
  return Float64Array.from(parsed as number[]);
}

function readText(host: FileHost, path: string): string {
  try {
    return host.readText(path);
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    const reason = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new DiagnosticError([diagnose("MOE6013", { file: path, reason })]);
  }
}

function parseJson(text: string, fail: (reason: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
}
