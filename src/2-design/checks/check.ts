/**
 * What a check is: it looks at the whole design and reports what does not hold together. Checks run on designs with
 * mistakes too: numbers that could not be read are NaN there, and lines that could not be read are left out, so a check
 * asks `trusts` before it reports that something is missing.
 */
import type { Code, Params } from "../../diagnostics/catalogue.js";
import type { Help, Label } from "../../diagnostics/diagnostic.js";
import type { Design, Mixture, Router, RuleUse, Slot, Table } from "../design.js";
import type { Declaration } from "../read/declarations.js";
import type { Site } from "../read/report.js";

export interface More {
  readonly label?: string;
  readonly secondary?: readonly Label[];
  readonly help?: readonly (Help | string)[];
}

export interface CheckContext {
  readonly design: Design;
  /** reports at the place of a path, or of the nearest path above it */
  readonly tell: <C extends Code>(code: C, params: Params<C>, path: string, more?: More) => void;
  /** where a path was written; its line, if it is a default */
  readonly at: (path: string) => Site | undefined;
  /** a second label at a path; none if nothing was written there */
  readonly label: (path: string, text: string) => readonly Label[];
  /** whether the absence of a slot in a router can be trusted */
  readonly trusts: (owner: string, slot: string) => boolean;
  /** whether a value is written, not a default or derived */
  readonly written: (path: string) => boolean;
  /** all routers: those of the mixtures, then those on their own */
  readonly routers: readonly RouterSite[];
  readonly declarations: readonly Declaration[];
  readonly used: ReadonlySet<string>;
  /** some name or word could not be understood, so what looks unused may not be */
  readonly unclear: boolean;
}

export interface RouterSite {
  readonly router: Router;
  /** `Mixture.router`, or the name of a router of its own */
  readonly path: string;
  readonly mixture: Mixture | undefined;
}

export interface Check {
  readonly name: string;
  /** one sentence */
  readonly doc: string;
  readonly run: (context: CheckContext) => void;
}

/** The rules of a slot. */
export function inSlot(router: Router, slot: Slot): readonly RuleUse[] {
  return router.rules.filter((rule) => rule.slot === slot);
}

/** The tables a router looks experts up in, with the rule that does. */
export function tablesOf(
  router: Router,
  { tables }: Design,
): readonly { readonly rule: RuleUse; readonly table: Table }[] {
  return router.rules.flatMap((rule) => {
    const table = rule.rule === "table" ? tables[String(rule.args.table)] : undefined;
    return table ? [{ rule, table }] : [];
  });
}

/** The most experts a unit gets, in whatever phase: k, or the `at most` of other rules; NaN where it varies. */
export function mostEdges(router: Router): number {
  const selects = inSlot(router, "select");
  return selects.length === 0 ? Number.NaN : Math.max(...selects.map(edgesOf));
}

/** The most experts a unit gets by one rule. */
export function edgesOf({ args }: RuleUse): number {
  if (args.per === "expert" || args.per === "sequence") return Number.NaN;
  const most = args.k ?? args.atMost;
  return typeof most === "number" ? most : Number.NaN;
}
