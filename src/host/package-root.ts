/** Finds the folder of this package, from sources and from the build alike. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let root: string | undefined;

/** The folder that holds this package's package.json and templates. */
export function packageRoot(): string {
  if (root !== undefined) return root;
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, "package.json"))) {
    const up = dirname(at);
    if (up === at) throw new Error("moec's own folder was not found");
    at = up;
  }
  root = at;
  return root;
}
