/**
 * A design as JSON: keys sorted, two spaces, one line end at the end, so that equal designs are equal texts. What is
 * undefined is left out and comes back as undefined.
 */
import type { Design } from "./design.js";

/** The canonical text of a design; without provenance two designs can be compared whatever their lines. */
export function designToJson(design: Design, options: { readonly provenance?: boolean } = {}): string {
  const { provenance = true } = options;
  return `${JSON.stringify(sorted(provenance ? design : { ...design, provenance: {} }), null, 2)}\n`;
}

/** Reads what `designToJson` wrote; throws a SyntaxError or a TypeError for anything else, which is our own bug. */
export function designFromJson(text: string): Design {
  const value: unknown = JSON.parse(text);
  if (!isDesign(value)) throw new TypeError("this JSON is not a design");
  return value;
}

function isDesign(value: unknown): value is Design {
  if (typeof value !== "object" || value === null) return false;
  return ["edition", "spec", "blocks", "mixtures", "routers", "tables", "provenance"].every((key) => key in value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}
