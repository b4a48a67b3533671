/**
 * One call of `moec`: reads the arguments, runs the command, turns everything that goes wrong into coded messages and
 * an exit code. A person never sees a JavaScript stack for a mistake of their own.
 */
import { CommanderError } from "commander";
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import type { Host } from "../host/host.js";
import { packageRoot } from "../host/package-root.js";
import { commandLine, complain, exit } from "./output.js";
import { createProgram } from "./program.js";
import { usageDiagnostic } from "./usage-errors.js";

/** Runs one command line; never throws. */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  const cli = commandLine(host);
  let code: number = exit.ok;
  const program = createProgram(cli, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
    return code;
  } catch (cause) {
    if (cause instanceof CommanderError) {
      if (cause.exitCode === 0) return exit.ok;
      complain(cli, [usageDiagnostic(program, cause, argv)]);
      return exit.mistake;
    }
    if (cause instanceof DiagnosticError) {
      complain(cli, cause.diagnostics);
      return cause.diagnostics.some(({ code: each }) => each.startsWith("MOE9")) ? exit.bug : exit.mistake;
    }
    complain(cli, [unexpected(cause, argv)]);
    return exit.bug;
  }
}

/** Whatever nobody thought of is our bug; the first places of the stack go into the report. */
function unexpected(cause: unknown, argv: readonly string[]) {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const detail = [`${error.name}: ${error.message}`, ...places.slice(0, 6).map(shortPlace)].join("\n");
  const help = ["please report it with the spec and the command that led here"];
  return diagnose("MOE9001", { doing: `running \`moec ${argv[0] ?? ""}\``, detail }, { help });
}

/** `at name (file:line)` without the folder that moec happens to be installed in. */
function shortPlace(line: string): string {
  return `  ${line.trim().replaceAll("file://", "").replaceAll(`${packageRoot()}/`, "")}`;
}
