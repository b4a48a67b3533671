/** `moec compile FILE`: writes what a design becomes: kernels, trainer, report. */
import { artifactsOf } from "../6-emit/artifacts.js";
import { writeArtifacts } from "../6-emit/write-artifacts.js";
import { join } from "../host/paths.js";
import { compileDesign } from "./compile-design.js";
import { targetNamed } from "./flags.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";

export interface CompileFlags {
  readonly target: string;
  readonly out?: string;
  readonly set?: readonly string[];
  readonly dispatch?: readonly string[];
}

/** Writes the artefacts below `--out`, by default `generated/<spec>`; files that are not ours are never overwritten. */
export async function compile(cli: Cli, file: string, flags: CompileFlags): Promise<number> {
  for (const name of flags.target.split(",")) targetNamed(name.trim(), ["cpu"]);
  const source = readSpec(cli.host, file);
  const compiled = compileDesign(cli, source, flags);
  const name = specName(source.path);
  const folder = flags.out ?? join("generated", name);
  const files = artifactsOf(compiled, name);
  const { written } = writeArtifacts(cli.host, folder, files);
  print(cli, `${folder}: ${files.length} files, ${written.length} of them changed`);
  return exit.ok;
}
