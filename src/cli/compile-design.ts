/** From a spec on the command line to a compiled design; what is wrong with it is told on the way. */
import type { SourceFile } from "../1-syntax/ast.js";
import type { Design } from "../2-design/design.js";
import type { SetOption } from "../2-design/read/overrides.js";
import { bundleOf } from "../6-emit/bundle.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import {
  type Compiled,
  type CompiledCuda,
  type CompiledWgsl,
  type CompileOptions,
  checkSpec,
  compileDesign as compile,
  compileCuda,
  compileWgsl,
} from "../pipeline.js";
import type { Bundle } from "../runtime/bundle.js";
import type { Tier } from "../targets/cuda/program.js";
import type { WgslProfile } from "../targets/wgsl/limits.js";
import { type DispatchFlags, dispatchWishes, setOption } from "./flags.js";
import { type Cli, warn } from "./output.js";
import { specName } from "./read-spec.js";

/** The flags that change what is compiled. */
export interface DesignFlags extends DispatchFlags {
  readonly set?: readonly string[];
}

/** Compiles, prints warnings, throws errors as diagnostics. */
export function compileDesign(
  cli: Cli,
  source: SourceFile,
  flags: DesignFlags,
  options: CompileOptions = {},
): Compiled {
  const set = (flags.set ?? []).map(setOption);
  const design = checkDesign(cli, source, set);
  return compile(design, { ...options, ...dispatchWishes(flags) });
}

/** Stages 1 and 2: a design with a model. Prints warnings, throws errors as diagnostics. */
export function checkDesign(cli: Cli, source: SourceFile, set: readonly SetOption[]): Design {
  const { design, diagnostics } = checkSpec(source, { set });
  for (const each of withoutErrors(diagnostics)) warn(cli, each);
  if (!design?.model) throw new DiagnosticError([diagnose("MOE2021", { what: "model" })]);
  return design;
}

function withoutErrors(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.some(({ severity }) => severity === "error")) throw new DiagnosticError(diagnostics);
  return diagnostics;
}

/** The same for a GPU: texts assume what its profile says is there. */
export function compileForGpu(
  cli: Cli,
  source: SourceFile,
  flags: DesignFlags,
  options: CompileOptions,
  profile: WgslProfile,
): CompiledWgsl {
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  return compileWgsl(design, { ...options, ...dispatchWishes(flags) }, profile);
}

/** The same for an NVIDIA GPU. */
export function compileForNvidia(
  cli: Cli,
  source: SourceFile,
  flags: DesignFlags,
  options: CompileOptions,
  tier: Tier,
): CompiledCuda {
  const design = checkDesign(cli, source, (flags.set ?? []).map(setOption));
  return compileCuda(design, { ...options, ...dispatchWishes(flags) }, tier);
}

/** Compiles into what a trainer takes. */
export function compileBundle(cli: Cli, source: SourceFile, flags: DesignFlags, options: CompileOptions = {}): Bundle {
  return bundleOf(compileDesign(cli, source, flags, options), specName(source.path));
}
