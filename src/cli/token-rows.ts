/** The tokens of a trace: `{ "tokens": [[S+1 ids] × B] }`. */
import type { Model } from "../2-design/design.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import { readTextFile } from "../host/reading.js";

/** B rows of S+1 ids each; MOE6013 when the file cannot be read, MOE6015 when it holds something else. */
export function readTokenRows(host: FileHost, path: string, { vocab, context }: Model): readonly (readonly number[])[] {
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6015", { file: path, reason })]);
  };
  const rows = rowsIn(readTextFile(host, path)) ?? fail('it is not `{ "tokens": [[id, …], …] }`');
  const [first] = rows;
  const length = first?.length ?? 0;
  if (length < 2) fail("it needs at least one row of at least two ids");
  if (length > context + 1) fail(`its rows have ${length} ids; a context of ${context} takes ${context + 1} at most`);
  rows.forEach((row, at) => {
    if (row.length !== length) fail(`row ${at} has ${row.length} ids, row 0 has ${length}`);
    const bad = row.find((id) => !Number.isInteger(id) || id < 0 || id >= vocab);
    if (bad !== undefined) fail(`row ${at} has the id ${JSON.stringify(bad)}; ids are 0 to ${vocab - 1}`);
  });
  return rows;
}

function rowsIn(text: string): number[][] | undefined {
  try {
    const { tokens } = JSON.parse(text) as { tokens?: unknown };
    return Array.isArray(tokens) && tokens.every(Array.isArray) ? (tokens as number[][]) : undefined;
  } catch {
    return undefined;
  }
}
