/** Token counts that the user brings: a JSON list of V whole numbers. */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import { readTextFile } from "../host/reading.js";

/** How often each id occurs; MOE6013 when the file cannot be read, MOE6012 when it does not hold V counts. */
export function readCounts(host: FileHost, path: string, vocab: number): Float64Array {
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6012", { file: path, reason })]);
  };
  const parsed = parseJson(readTextFile(host, path), fail);
  if (!Array.isArray(parsed)) return fail("it is not a list");
  if (parsed.length !== vocab) fail(`it has ${parsed.length} numbers, the vocabulary has ${vocab}`);
  const bad = parsed.findIndex((each) => !Number.isSafeInteger(each) || (each as number) < 0);
  if (bad >= 0) fail(`the count of id ${bad} is ${JSON.stringify(parsed[bad])}; counts are whole numbers from 0`);
  return Float64Array.from(parsed as number[]);
}

function parseJson(text: string, fail: (reason: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
}
