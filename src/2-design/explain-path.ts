/** `moec explain PATH`: one value of a design, and where it comes from. */
import { suggest } from "../diagnostics/suggest.js";
import type { Design } from "./design.js";
import { provenanceText } from "./explain.js";

/** The value at a path and everything below it, with provenance; undefined when the path leads nowhere. */
export function explainPath(design: Design, path: string): string | undefined {
  const paths = Object.keys(design.provenance);
  const below = paths.filter((each) => each === path || each.startsWith(`${path}.`) || each.startsWith(`${path}[`));
  if (below.length === 0) return undefined;
  const width = Math.max(...below.map((each) => each.length));
  const lines = below.map((each) => {
    const found = design.provenance[each]!;
    return `${each.padEnd(width)}  ${found.text}  (${provenanceText(found)})`;
  });
  return `${lines.join("\n")}\n`;
}

/** The nearest path of a design. */
export function nearestPath(design: Design, path: string): string | undefined {
  return suggest(path, Object.keys(design.provenance));
}
