/** Builds a router that stands on its own: it may be used for any mixture, so E and the unit are not known. */
import type { Router } from "../design.js";
import type { Declaration } from "../read/declarations.js";
import type { Names, Thunk } from "../read/names.js";
import { type File, localNames } from "./file.js";
import { selectedOf } from "./mixture.js";
import { buildRouter } from "./router.js";

/** Builds a router of its own; missing slots are reported only where nobody builds on it. */
export function buildStandaloneRouter(declaration: Declaration, file: File): Router {
  const { lines } = declaration;
  const name = declaration.name.text;
  const unknown = () => Number.NaN;
  const letters = new Map<string, Thunk>([
    ["E", unknown],
    ["C", unknown],
    ["k", () => selectedOf(lines, () => names, name, file)],
  ]);
  const names: Names = localNames(declaration, [], letters, file.names, file);
  const complete = !file.session.used.has(name);
  return buildRouter(lines, { name, path: name, unit: undefined, names, at: declaration.name.span, complete }, file);
}
