/**
 * A folder of `moec compile` as it is on disk. Its kernels are those of its files, so that what was edited by hand, or
 * written by another version, shows; its design is its `design.json`.
 */
import type { FileHost } from "../../host/host.js";
import { join } from "../../host/paths.js";
import { sha256 } from "../../runtime/sha256.js";
import type { Files } from "../targets/kernel-target.js";

export interface GeneratedFolder {
  /** the text of every file that the manifest names and that is there, by path */
  readonly files: Files;
  /** files that are not as they were written */
  readonly edited: ReadonlySet<string>;
  /** files that the manifest names and that are gone */
  readonly missing: readonly string[];
}

/** Reads the files of a folder; one without a manifest is read by the names we would give. */
export function readGenerated(host: FileHost, folder: string): GeneratedFolder {
  const hashes = manifestHashes(host, folder);
  const paths = [...hashes.keys()];
  const files = new Map<string, string>();
  for (const path of paths) {
    if (host.kind(join(folder, path)) === "file") files.set(path, host.readText(join(folder, path)));
  }
  return {
    files,
    edited: new Set([...files].filter(([path, text]) => sha256(text) !== hashes.get(path)).map(([path]) => path)),
    missing: paths.filter((path) => !files.has(path)),
  };
}

/** Empty for folders without a manifest, and for manifests that cannot be read: the design alone is compared then. */
function manifestHashes(host: FileHost, folder: string): ReadonlyMap<string, string> {
  const path = join(folder, "manifest.json");
  if (host.kind(path) !== "file") return new Map();
  const parsed: unknown = JSON.parse(host.readText(path));
  const files = typeof parsed === "object" && parsed !== null && "files" in parsed ? parsed.files : {};
  const isEntry = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
  return new Map(Object.entries(files as object).filter(isEntry));
}
