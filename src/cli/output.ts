/** What a command says: results on stdout, everything for people on stderr, coded messages in colour where it shows. */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { renderAllPretty, renderPretty } from "../diagnostics/render/pretty.js";
import type { Host } from "../host/host.js";

export interface Cli {
  readonly host: Host;
  /** whether text may be coloured */
  readonly colour: boolean;
}

/** Exit codes that scripts rely on. */
export const exit = { ok: 0, mistake: 1, bug: 2, diverged: 3, interrupted: 130 } as const;

/** The command line on a host; `NO_COLOR` and pipes turn colours off. */
export function commandLine(host: Host): Cli {
  const wanted = !host.env("NO_COLOR") && host.env("TERM") !== "dumb";
  return { host, colour: wanted && host.terminal !== undefined };
}

/** A line on stdout. */
export function print({ host }: Cli, line = ""): void {
  host.stdout(`${line}\n`);
}

/** A line on stderr. */
export function note({ host }: Cli, line: string): void {
  host.stderr(`${line}\n`);
}

/** Diagnostics on stderr, with a count at the end. */
export function complain({ host, colour }: Cli, diagnostics: readonly Diagnostic[]): void {
  host.stderr(renderAllPretty(diagnostics, { color: colour }));
}

/** One diagnostic on stderr, as something that happened on the way. */
export function warn({ host, colour }: Cli, diagnostic: Diagnostic): void {
  host.stderr(`${renderPretty(diagnostic, { color: colour })}\n`);
}
