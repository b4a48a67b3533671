/**
 * The shape of one catalogue entry: how bad it is, a short title for lists and `explain`, and the headline as a
 * function of typed parameters. Places, labels and help belong to the report, not to the catalogue.
 */
import type { Severity } from "../diagnostic.js";

export interface CatalogueEntry<Params> {
  readonly severity: Severity;
  /** the mistake in general, e.g. "sub-token heads do not divide the width" */
  readonly title: string;
  /** the mistake at hand, e.g. "256 features cannot be split into 6 equal sub-tokens" */
  readonly message: (params: Params) => string;
}

/** The parameters of an entry whose headline is always the same: pass `{}`. */
export type NoParams = Record<string, never>;

/** All entries of one family of codes (1xxx, 2xxx, …). */
export type Family<Digit extends string> = { readonly [code in `MOE${Digit}${string}`]: CatalogueEntry<never> };

/** A mistake that stops the command. */
export function error<Params>(title: string, message: (params: Params) => string): CatalogueEntry<Params> {
  return { severity: "error", title, message };
}

/** Something that probably is a mistake, and that we go on with. */
export function warning<Params>(title: string, message: (params: Params) => string): CatalogueEntry<Params> {
  return { severity: "warning", title, message };
}

/** Something the user should know. */
export function note<Params>(title: string, message: (params: Params) => string): CatalogueEntry<Params> {
  return { severity: "note", title, message };
}
