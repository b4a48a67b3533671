/**
 * Every diagnostic there is, by code. A family lives in a file of its own below `catalogue/`; this file only joins
 * them. To add one: an entry in its family, a page in `explain/`, a fixture that shows it.
 */
import { syntaxCodes } from "./catalogue/1-syntax.js";
import { nameCodes } from "./catalogue/2-names.js";
import { routingCodes } from "./catalogue/3-routing.js";
import { shapeCodes } from "./catalogue/4-shapes.js";
import { targetCodes } from "./catalogue/5-target.js";
import { runCodes } from "./catalogue/6-run.js";
import { internalCodes } from "./catalogue/9-internal.js";
import type { CatalogueEntry } from "./catalogue/entry.js";

export const catalogue = {
  ...syntaxCodes,
  ...nameCodes,
  ...routingCodes,
  ...shapeCodes,
  ...targetCodes,
  ...runCodes,
  ...internalCodes,
} as const;

/** A code of the catalogue, e.g. `"MOE4003"`. */
export type Code = keyof typeof catalogue;

/** What the headline of a code needs to know. */
export type Params<C extends Code> = (typeof catalogue)[C] extends CatalogueEntry<infer P> ? P : never;

/** All codes in ascending order. */
export const codes: readonly Code[] = (Object.keys(catalogue) as Code[]).sort((a, b) => (a < b ? -1 : 1));

/** Whether a text (as typed after `moec explain`) is a code of the catalogue; exact spelling. */
export function isCode(text: string): text is Code {
  return Object.hasOwn(catalogue, text);
}

/** The file name of a code's page inside the package's folder `src/diagnostics/explain`. */
export function explainPage(code: Code): string {
  return `${code}.md`;
}
