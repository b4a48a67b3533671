/** Paths with `/`, as Node accepts them on every system: enough to join, split and compare, without `node:path`. */

/** Whether a path starts at a root: `/…` or `C:/…`. */
export function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/])/.test(path);
}

/** Puts parts side by side and resolves `.` and `..`; a later absolute part starts over. */
export function join(...parts: readonly string[]): string {
  let joined = "";
  for (const part of parts) {
    if (part !== "") joined = joined === "" || isAbsolute(part) ? part : `${joined}/${part}`;
  }
  return normalise(joined);
}

/** Resolves `.`, `..` and doubled separators; the empty path becomes `.`. */
export function normalise(path: string): string {
  const [root, rest] = splitRoot(path.replaceAll("\\", "/"));
  const names: string[] = [];
  for (const name of rest.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.length > 0 && names.at(-1) !== "..") names.pop();
    else if (root === "") names.push(name);
  }
  return root + names.join("/") || ".";
}

function splitRoot(path: string): [root: string, rest: string] {
  const root = /^(?:[A-Za-z]:)?\//.exec(path)?.[0] ?? "";
  return [root, path.slice(root.length)];
}

/** The folder a path lies in. */
export function folderOf(path: string): string {
  return join(path, "..");
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return normalise(path).split("/").at(-1)!;
}

/** Whether an absolute path is a folder or lies below it; both without `..` and links. */
export function isInside(path: string, folder: string): boolean {
  const [inner, outer] = [normalise(path), normalise(folder)];
  return inner === outer || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}
