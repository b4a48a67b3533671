/** `moec fmt FILE…`: formats specs in place; a file with syntax errors is left as it is. */
import { format } from "../1-syntax/fmt.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import type { FileHost } from "../host/host.js";
import { writing } from "../runtime/safetensors-write.js";
import { type Cli, complain, exit, print } from "./output.js";
import { readSpec } from "./read-spec.js";

export interface FmtFlags {
  readonly check?: boolean;
}

/** Exit 0 when every file is formatted now (with `--check`: was already), 1 otherwise. */
export function fmt(cli: Cli, files: readonly string[], { check = false }: FmtFlags): number {
  const results = files.map((file) => fmtFile(cli, file, check));
  const problems = results.flatMap((each) => (typeof each === "string" ? [] : each));
  complain(cli, problems);
  const unformatted = check && results.includes("changed");
  return problems.length > 0 || unformatted ? exit.mistake : exit.ok;
}

/**
 * Writes a file of the user's anew where it stands, so that links and rights stay; first beside it, so that a disk
 * without room for it takes nothing away.
 */
function rewrite(host: FileHost, file: string, text: string): void {
  const beside = `${file}.writing`;
  try {
    host.write(beside, text);
  } catch (cause) {
    host.remove(beside);
    throw cause;
  }
  host.write(file, text);
  host.remove(beside);
}

function fmtFile(cli: Cli, file: string, check: boolean): "same" | "changed" | readonly Diagnostic[] {
  try {
    const source = readSpec(cli.host, file);
    const formatted = format(source);
    if (formatted === source.text) return "same";
    if (!check) writing(file, () => rewrite(cli.host, file, formatted));
    print(cli, check ? `${file}: not formatted` : `${file}: formatted`);
    return "changed";
  } catch (cause) {
    if (cause instanceof DiagnosticError) return cause.diagnostics;
    throw cause;
  }
}
