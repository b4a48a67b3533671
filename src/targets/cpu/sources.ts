/**
 * What a build is made from: the generated C file and the small headers it includes. The headers of the package
 * (`templates/cpu/*.h`) are always at hand.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../host/package-root.js";

export interface Sources {
  /** the generated translation unit; defines `moec_run` */
  readonly source: string;
  /** further files by name, for `#include "name"` */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The text of one file of `templates/cpu`. */
export function cpuTemplate(name: string): string {
  return readFileSync(join(packageRoot(), "templates", "cpu", name), "utf8");
}

/** All files of a build by name, in code unit order: `program.c`, `spmd.h`, and what was given. */
export function sourceFiles({ source, headers = {} }: Sources): Readonly<Record<string, string>> {
  const files: Record<string, string> = { "spmd.h": cpuTemplate("spmd.h"), ...headers, "program.c": source };
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Writes files into a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
