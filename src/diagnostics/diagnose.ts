/** The one way to make a diagnostic: a code, the parameters that its headline needs, and the places. */

import type { CatalogueEntry } from "./catalogue/entry.js";
import { type Code, catalogue, type Params } from "./catalogue.js";
import type { Diagnostic, Help, Label } from "./diagnostic.js";

/** Where and what next; everything but the headline. */
export interface Places {
  /** the exact place; leave out for mistakes outside any file */
  readonly primary?: Label | undefined;
  /** the other half of the conflict */
  readonly secondary?: readonly Label[] | undefined;
  /** one per action; a plain text is a help without a fix */
  readonly help?: readonly (Help | string)[] | undefined;
}

/** Makes the diagnostic of a code, e.g. `diagnose("MOE4003", { width: 256, heads: 6 }, { primary })`. */
export function diagnose<C extends Code>(code: C, params: Params<C>, places: Places = {}): Diagnostic {
  // one cast: TypeScript cannot see that entry and params belong to the same code
  const entry = catalogue[code] as CatalogueEntry<Params<C>>;
  const help = places.help?.map((each) => (typeof each === "string" ? { text: each } : each));
  return {
    code,
    severity: entry.severity,
    message: entry.message(params),
    ...(places.primary && { primary: places.primary }),
    ...(places.secondary?.length && { secondary: places.secondary }),
    ...(help?.length && { help }),
  };
}
