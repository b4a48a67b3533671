/** `--set` paths that no line asked for lead nowhere. */
import { suggest } from "../../diagnostics/suggest.js";
import { complain } from "./report.js";
import type { Session } from "./session.js";

/** Reports every override that changed nothing, with the nearest path that exists. */
export function reportUnusedOverrides(session: Session): void {
  const paths = [...session.provenance.keys()];
  for (const { path } of session.overrides.unused()) {
    const missing = firstMissing(path, paths);
    const nearest = suggest(path, paths);
    const help = nearest === undefined ? [] : [`did you mean \`${nearest}\`?`];
    complain(session.report, "MOE2024", { path, missing }, undefined, {
      help: help.length > 0 ? help : siblings(path, paths),
    });
  }
}

/** The first segment of a path that no known path has. */
function firstMissing(path: string, paths: readonly string[]): string {
  const segments = path.split(".");
  const known = (length: number) => {
    const prefix = segments.slice(0, length).join(".");
    return paths.some((each) => each === prefix || each.startsWith(`${prefix}.`));
  };
  const at = segments.findIndex((_, i) => !known(i + 1));
  return segments[at] ?? segments.at(-1) ?? path;
}

function siblings(path: string, paths: readonly string[]): readonly string[] {
  const parent = path.slice(0, path.lastIndexOf("."));
  const below = paths
    .filter((each) => parent !== "" && each.startsWith(`${parent}.`))
    .map((each) => each.slice(parent.length + 1).split(".")[0] ?? "");
  const names = [...new Set(below)];
  return names.length > 0 ? [`\`${parent}\` has ${names.join(", ")}`] : [];
}
