/** From the patterns of a spec to a sorted list of files. Patterns may point anywhere the user can read. */
import { diagnose } from "../../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../../diagnostics/diagnostic.js";
import { byCodeUnit, type FileHost } from "../../host/host.js";

export interface FoundFiles {
  /** each once, in code unit order of their paths */
  readonly files: readonly string[];
  /** MOE6028 for each pattern that found nothing while others did */
  readonly warnings: readonly Diagnostic[];
}

/**
 * All files that the patterns match; MOE6001 when there are none. A pattern may also be the plain path of a file, or
 * of a folder, which means everything below it. Dot files never match, linked folders are not entered, and
 * `node_modules` is searched only by a pattern that names it.
 */
export function findFiles(host: FileHost, patterns: readonly string[]): FoundFiles {
  const found = patterns.map((pattern) => ({ pattern, files: match(host, pattern) }));
  const files = [...new Set(found.flatMap((each) => each.files))].sort(byCodeUnit);
  if (files.length === 0) throw new DiagnosticError([diagnose("MOE6001", { patterns }, { help: [whereWeLook(host)] })]);
  const empty = found.filter((each) => each.files.length === 0);
  return { files, warnings: empty.map(({ pattern }) => diagnose("MOE6028", { pattern })) };
}

function match(host: FileHost, pattern: string): readonly string[] {
  // names with brackets are patterns, too, but a file of exactly that name is what was meant
  const kind = host.kind(pattern);
  if (kind === "file") return [pattern];
  const ignore = /(^|\/)node_modules(\/|$)/.test(pattern) ? [] : ["**/node_modules/**"];
  return host.glob(kind === "folder" ? `${pattern.replace(/\/+$/, "")}/**/*` : pattern, { ignore });
}

function whereWeLook(host: FileHost): string {
  return `patterns start at the current directory, ${host.cwd}; name other data with \`--data "path/**/*.txt"\``;
}
