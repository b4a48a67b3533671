/** `moec explain`: a spec, a code, a word of the language, or a path inside a spec. */
import type { SourceFile } from "../1-syntax/ast.js";
import type { Design } from "../2-design/design.js";
import { explainDesign } from "../2-design/explain.js";
import { explainCode } from "../2-design/explain-code.js";
import { explainPath, nearestPath } from "../2-design/explain-path.js";
import { explainWord, nearestWord } from "../2-design/explain-word.js";
import { codes, explainPage, isCode } from "../diagnostics/catalogue.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { suggest } from "../diagnostics/suggest.js";
import { packageRoot } from "../host/package-root.js";
import { join } from "../host/paths.js";
import { checkSpec } from "../pipeline.js";
import { type DispatchFlags, setOption, targetNamed } from "./flags.js";
import { type Cli, exit, warn } from "./output.js";
import { readSpec } from "./read-spec.js";

export interface ExplainFlags extends DispatchFlags {
  readonly stage?: string;
  /** whose kernels `--stage plan` shows */
  readonly target?: string;
  /** GPU that they are estimated for */
  readonly device?: string;
  readonly html?: string;
  readonly set?: readonly string[];
}

/** Prints an explanation. */
export async function explain(
  cli: Cli,
  subject: string,
  file: string | undefined,
  flags: ExplainFlags,
): Promise<number> {
  if (flags.html !== undefined) return (await import("./explain-page.js")).explainHtml(cli, subject, flags.html, flags);
  cli.host.stdout(await explanation(cli, subject, file, flags));
  return exit.ok;
}

async function explanation(cli: Cli, subject: string, file: string | undefined, flags: ExplainFlags): Promise<string> {
  if (file !== undefined) return explainIn(cli, subject, [readSpec(cli.host, file)], flags);
  const code = subject.toUpperCase();
  if (/^MOE\d+$/.test(code)) return pageOf(cli, code);
  if (subject.endsWith(".moe") || cli.host.kind(subject) === "file") return explainSpec(cli, subject, flags);
  if (!subject.includes(".")) {
    const word = explainWord(subject);
    if (word !== undefined) return word;
  }
  return explainIn(cli, subject, specsHere(cli), flags);
}

/** The specs that lie about; what cannot be read was not asked for by name. */
function specsHere({ host }: Cli): SourceFile[] {
  const paths = [...host.glob("*.moe"), ...host.glob("specs/**/*.moe")];
  return paths.flatMap((path) => {
    try {
      return [readSpec(host, path)];
    } catch (cause) {
      if (cause instanceof DiagnosticError) return [];
      throw cause;
    }
  });
}

function pageOf({ host }: Cli, code: string): string {
  if (!isCode(code)) {
    const near = suggest(code, codes);
    const help = near === undefined ? [] : [`did you mean \`${near}\`?`];
    throw new DiagnosticError([diagnose("MOE2002", { kind: "message", name: code }, { help })]);
  }
  return explainCode(code, host.readText(join(packageRoot(), "src/diagnostics/explain", explainPage(code))));
}

async function explainSpec(cli: Cli, path: string, flags: ExplainFlags): Promise<string> {
  const source = readSpec(cli.host, path);
  const design = designOf(cli, source, flags);
  if (flags.target !== undefined && targetNamed(flags.target, ["cpu", "cuda"]) === "cuda")
    return cudaPlan(design, flags);
  if (flags.stage !== undefined) return (await import("./explain-stage.js")).explainStage(design, flags.stage, flags);
  const whole = explainDesign(design);
  if (!design.model) return whole;
  return `${whole}\n${(await import("./explain-stage.js")).explainStage(design, "dispatch", flags)}`;
}

/** What kernels take of a GPU; MOE6021 for another stage than the plan, MOE2021 for a design without a model. */
async function cudaPlan(design: Design, flags: ExplainFlags): Promise<string> {
  if (flags.stage !== undefined && flags.stage !== "plan") {
    const params = {
      flag: "--target",
      value: "cuda",
      expected: "`--stage plan` with it: other stages are those of every target",
    };
    throw new DiagnosticError([diagnose("MOE6021", params)]);
  }
  if (!design.model) throw new DiagnosticError([diagnose("MOE2021", { what: "model" })]);
  return (await import("./explain-cuda.js")).explainCuda(design, flags.device ?? "H100", flags);
}

/** A checked design; designs of mixtures and routers alone can be explained, too. */
function designOf(cli: Cli, source: SourceFile, { set = [] }: ExplainFlags): Design {
  const { design, diagnostics } = checkSpec(source, { set: set.map(setOption) });
  if (!design) throw new DiagnosticError(diagnostics);
  for (const each of diagnostics) warn(cli, each);
  return design;
}

/** A path in every spec that has it; MOE2024 when none does. */
function explainIn(cli: Cli, path: string, sources: readonly SourceFile[], flags: ExplainFlags): string {
  const designs = sources.flatMap((source) => {
    const { design } = checkSpec(source, { set: (flags.set ?? []).map(setOption) });
    return design ? [design] : sources.length === 1 ? [designOf(cli, source, flags)] : [];
  });
  const found = designs.flatMap((design) => {
    const text = explainPath(design, path);
    return text === undefined ? [] : [designs.length === 1 ? text : `${design.spec.path}\n${text}`];
  });
  if (found.length > 0) return found.join("\n");
  const near =
    designs.map((design) => nearestPath(design, path)).find((each) => each !== undefined) ?? nearestWord(path);
  const help =
    near === undefined ? ["a subject is a spec, a code, a word, or a path in a spec"] : [`did you mean \`${near}\`?`];
  const missing = path.split(".").at(-1) ?? path;
  throw new DiagnosticError([diagnose("MOE2024", { path, missing }, { help })]);
}
