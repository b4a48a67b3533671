/**
 * `moec generate`: brings `generated/` up to date for the specs whose output is checked in, and the table of all specs.
 * For the project itself.
 */
import { artifactsOf } from "../6-emit/artifacts.js";
import { staleArtifacts, writeArtifacts } from "../6-emit/write-artifacts.js";
import { join } from "../host/paths.js";
import type { GeneratedFile } from "../host/write-generated.js";
import { cudaFiles, wgslFiles, writing } from "./compile.js";
import { checkDesign, compileDesign } from "./compile-design.js";
import { familyReadme } from "./family.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";

/** The designs that show what moec makes; their output is the golden test of every change. */
export const featured = ["specs/mask-moe.moe", "specs/mh-moe.moe"] as const;

export interface GenerateFlags {
  readonly check?: boolean;
}

/** Exit 0 when everything is up to date now; with `--check` nothing is written and 1 means that it was not. */
export async function generate(cli: Cli, { check = false }: GenerateFlags): Promise<number> {
  let stale = 0;
  const folders = [...featured.map((spec) => trainingFiles(cli, spec)), writingFiles(cli, featured[0])];
  for (const { folder, files } of folders) {
    const changed = check ? staleArtifacts(cli.host, folder, files) : written(cli, folder, files);
    for (const path of changed) print(cli, `${join(folder, path)}: ${check ? "stale" : "written"}`);
    stale += changed.length;
    if (changed.length === 0) print(cli, `${folder}: up to date`);
  }
  stale += generateFamily(cli, check);
  return check && stale > 0 ? exit.mistake : exit.ok;
}

interface Folder {
  readonly folder: string;
  readonly files: readonly GeneratedFile[];
}

function trainingFiles(cli: Cli, spec: string): Folder {
  const name = specName(spec);
  const compiled = compileDesign(cli, readSpec(cli.host, spec), {});
  const files = [...artifactsOf(compiled, name), ...wgslFiles(compiled, {}, name), ...cudaFiles(compiled, {}, name)];
  return { folder: join("generated", name), files };
}

function writingFiles(cli: Cli, spec: string): Folder {
  const name = specName(spec);
  const source = readSpec(cli.host, spec);
  const compiled = compileDesign(cli, source, {}, writing(checkDesign(cli, source, [])));
  return { folder: join("generated", `${name}-sample`), files: artifactsOf(compiled, name) };
}

function written(cli: Cli, folder: string, files: readonly GeneratedFile[]): readonly string[] {
  const { written, removed } = writeArtifacts(cli.host, folder, files);
  return [...written, ...removed];
}

const familyPath = "specs/README.md";

/** How many files were not up to date: 0 or 1. */
function generateFamily(cli: Cli, check: boolean): number {
  const text = familyReadme(cli);
  const same = cli.host.kind(familyPath) === "file" && cli.host.readText(familyPath) === text;
  if (!same && !check) cli.host.write(familyPath, text);
  print(cli, `${familyPath}: ${same ? "up to date" : check ? "stale" : "written"}`);
  return same ? 0 : 1;
}
