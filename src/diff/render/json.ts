/** The tree of a comparison as JSON; its schema is described in docs/diff.md. */
import type { Comparison } from "../compare.js";

/** Two spaces, one line end at the end; numbers and texts as they are in the tree. */
export function renderComparisonJson(comparison: Comparison): string {
  return `${JSON.stringify(comparison, null, 2)}\n`;
}
