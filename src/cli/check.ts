/** `moec check FILE…`: every mistake of every file, in one run. */
import { parse } from "../1-syntax/parse.js";
import { resolve } from "../2-design/resolve.js";
import { diagnose } from "../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../diagnostics/diagnostic.js";
import { renderGithub } from "../diagnostics/render/github.js";
import { renderJson } from "../diagnostics/render/json.js";
import { renderOneLine } from "../diagnostics/render/one-line.js";
import { renderAllPretty } from "../diagnostics/render/pretty.js";
import type { FileHost } from "../host/host.js";
import { type Cli, exit, print } from "./output.js";
import { readSpec } from "./read-spec.js";

export interface CheckFlags {
  readonly json?: boolean;
  readonly format?: string;
}

/** Exit 0 when no file has errors (warnings are allowed), 1 otherwise. */
export function check(cli: Cli, files: readonly string[], flags: CheckFlags): number {
  const render = renderer(cli, flags);
  const found = files.map((file) => ({ file, diagnostics: checkFile(cli.host, file) }));
  const diagnostics = found.flatMap((each) => each.diagnostics);
  const text = render(diagnostics);
  if (text !== "") cli.host.stdout(text);
  if (!flags.json && flags.format === undefined) {
    for (const { file } of found.filter((each) => each.diagnostics.length === 0)) print(cli, `${file}: no mistakes`);
  }
  return diagnostics.some(({ severity }) => severity === "error") ? exit.mistake : exit.ok;
}

/** A file that cannot be read is one more mistake, not the end of the others. */
function checkFile(host: FileHost, file: string): readonly Diagnostic[] {
  try {
    const { ast, diagnostics, broken } = parse(readSpec(host, file));
    return [...diagnostics, ...resolve(ast, { broken }).diagnostics];
  } catch (cause) {
    if (cause instanceof DiagnosticError) return cause.diagnostics;
    throw cause;
  }
}

type Render = (diagnostics: readonly Diagnostic[]) => string;

function renderer({ colour }: Cli, { json, format = "pretty" }: CheckFlags): Render {
  if (json) return renderJson;
  const renderers: Readonly<Record<string, Render>> = {
    pretty: (diagnostics) => renderAllPretty(diagnostics, { color: colour }),
    line: linewise(renderOneLine),
    github: linewise(renderGithub),
  };
  const expected = Object.keys(renderers).join(", ");
  const params = { flag: "--format", value: format, expected };
  return renderers[format] ?? refuse(diagnose("MOE6021", params));
}

const linewise =
  (render: (diagnostic: Diagnostic) => string): Render =>
  (diagnostics) =>
    diagnostics.map((diagnostic) => `${render(diagnostic)}\n`).join("");

function refuse(diagnostic: Diagnostic): never {
  throw new DiagnosticError([diagnostic]);
}
