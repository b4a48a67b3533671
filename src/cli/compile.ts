/** `moec compile FILE`: writes what a design becomes: kernels, trainer, report. */
import { artifactsOf } from "../6-emit/artifacts.js";
import { wgslBundleOf } from "../6-emit/bundle.js";
import { wgslArtifacts } from "../6-emit/wgsl/artifacts.js";
import { writeArtifacts } from "../6-emit/write-artifacts.js";
import { join } from "../host/paths.js";
import { type Compiled, compileWgsl } from "../pipeline.js";
import { compileDesign } from "./compile-design.js";
import { type DispatchFlags, dispatchWishes, targetNamed } from "./flags.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec, specName } from "./read-spec.js";

export interface CompileFlags extends DispatchFlags {
  readonly target: string;
  readonly out?: string;
  readonly set?: readonly string[];
}

/** Writes the artefacts below `--out`, by default `generated/<spec>`; files that are not ours are never overwritten. */
export async function compile(cli: Cli, file: string, flags: CompileFlags): Promise<number> {
  const targets = flags.target.split(",").map((name) => targetNamed(name.trim(), ["cpu", "wgsl"]));
  const source = readSpec(cli.host, file);
  const compiled = compileDesign(cli, source, flags);
  const name = specName(source.path);
  const folder = flags.out ?? join("generated", name);
  const wgsl = targets.includes("wgsl") ? wgslFiles(compiled, flags, name) : [];
  const files = [...artifactsOf(compiled, name), ...wgsl];
  const { written } = writeArtifacts(cli.host, folder, files);
  print(cli, `${folder}: ${files.length} files, ${written.length} of them changed`);
  return exit.ok;
}

/** Texts that every adapter takes, whatever this machine has. */
export function wgslFiles({ design }: Compiled, flags: DispatchFlags, name: string) {
  const compiled = compileWgsl(design, dispatchWishes(flags));
  return wgslArtifacts(wgslBundleOf(compiled, name));
}
