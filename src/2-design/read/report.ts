/**
 * Collects the mistakes of a design. A place where the parser already complained is not worth a second diagnostic, and
 * what is known to be damaged is remembered, so that nothing is reported as missing that was only misspelt.
 */
import type { SourceFile, Span } from "../../1-syntax/ast.js";
import type { Code, Params } from "../../diagnostics/catalogue.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import type { Diagnostic, Help, Label } from "../../diagnostics/diagnostic.js";

/** A place in a source. */
export interface Site {
  readonly source: SourceFile;
  readonly span: Span;
}

export interface Report {
  readonly diagnostics: Diagnostic[];
  /** lines the parser repaired or dropped */
  readonly broken: readonly Span[];
  /** paths whose value is known to be wrong; `X.*` when something in X could not be understood at all */
  readonly damaged: Set<string>;
}

/** A report with nothing in it yet. */
export function createReport(broken: readonly Span[] = []): Report {
  return { diagnostics: [], broken, damaged: new Set() };
}

/** Adds a diagnostic of a code at a place, unless the parser complained there already. */
export function complain<C extends Code>(
  report: Report,
  code: C,
  params: Params<C>,
  site: Site | undefined,
  more: {
    readonly label?: string;
    readonly secondary?: readonly Label[];
    readonly help?: readonly (Help | string)[];
  } = {},
): void {
  if (site && inBroken(report, site.span)) return;
  // a conflict with a line that the parser had to guess may be none
  if (more.secondary?.some(({ span }) => inBroken(report, span))) return;
  const primary = site && { ...site, ...(more.label && { text: more.label }) };
  report.diagnostics.push(diagnose(code, params, { primary, secondary: more.secondary, help: more.help }));
}

function inBroken({ broken }: Report, { start }: Span): boolean {
  return broken.some((span) => span.start <= start && start <= span.end);
}

/** Whether the absence of `slot` in `owner` can be trusted: nothing there was misspelt or unreadable. */
export function trustsAbsence(report: Report, owner: string, slot: string): boolean {
  return !report.damaged.has(`${owner}.*`) && !report.damaged.has(`${owner}.${slot}`);
}

/** Whether any line inside a span was repaired or dropped by the parser. */
export function touchesBroken(report: Report, span: Span): boolean {
  return report.broken.some((broken) => broken.start <= span.end && span.start <= broken.end);
}

/** A help that replaces a misspelt word by the nearest legal one; nothing when none is near. */
export function didYouMean(site: Site, nearest: string | undefined): readonly Help[] {
  if (nearest === undefined) return [];
  return [{ text: `did you mean \`${nearest}\`?`, fix: { source: site.source, span: site.span, text: nearest } }];
}
