/** Where results that can always be made again are kept: trained tokenizers, encoded tokens, compiled kernels. */
import type { Host } from "./host.js";
import { join } from "./paths.js";

/**
 * The cache folder, made if absent: `MOEC_CACHE` if set; `.cache/moec` in the `node_modules` that the current
 * directory uses, if it can be written; the user's cache folder; a folder among the temporary files.
 */
export function cacheFolder(host: Host): string {
  const wanted = host.env("MOEC_CACHE");
  if (wanted) return join(host.cwd, wanted);
  return candidates(host).find((folder) => canWrite(host, folder)) ?? join(host.temporaryFolder, "moec-cache");
}

function candidates(host: Host): string[] {
  const folders: string[] = [];
  for (let folder = host.cwd; ; folder = join(folder, "..")) {
    if (host.kind(join(folder, "node_modules")) === "folder") folders.push(join(folder, "node_modules/.cache/moec"));
    if (join(folder, "..") === folder) break;
  }
  const home = host.env("HOME") ?? host.env("USERPROFILE");
  const user = host.env("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  return user ? [...folders.slice(0, 1), join(user, "moec")] : folders.slice(0, 1);
}

function canWrite(host: Host, folder: string): boolean {
  try {
    host.makeFolder(folder);
    host.write(join(folder, ".writable"), "");
    return true;
  } catch {
    return false;
  }
}
