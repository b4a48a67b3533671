/**
 * Where built programs are kept, by content: the same source, flags and compiler are built once. Entries appear
 * whole or not at all, so that two processes may build the same one at the same time.
 */
import { createHash, randomUUID } from "node:crypto";
import { accessSync, constants, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { packageRoot } from "../../host/package-root.js";

/** The folder of built programs: `MOEC_CACHE`, else beside the package, else this user's own temporary one. */
export function cacheFolder(): string {
  const chosen = process.env.MOEC_CACHE;
  try {
    return made(chosen || join(packageRoot(), "node_modules", ".cache", "moec"));
  } catch (cause) {
    if (chosen) throw unusable(chosen, (cause as Error).message);
    return privateTemporaryFolder();
  }
}

function made(folder: string): string {
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.W_OK);
  return folder;
}

/** Everybody can write to the temporary folder, and we load libraries from here: it must be ours alone. */
function privateTemporaryFolder(): string {
  const user = process.getuid?.();
  const folder = join(tmpdir(), user === undefined ? "moec-cache" : `moec-cache-${user}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (user !== undefined && (uid !== user || (mode & 0o022) !== 0)) throw unusable(folder, "others can write to it");
  return folder;
}

function unusable(folder: string, reason: string): DiagnosticError {
  const help = ["set MOEC_CACHE to a folder for built programs"];
  return new DiagnosticError([diagnose("MOE6014", { file: folder, reason }, { help })]);
}

/** A name for everything that decides what a build is; parts are kept apart. */
export function contentHash(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}

/** A new empty folder for one build, inside the cache so that a finished file can be renamed into place. */
export function workFolder(): string {
  const folder = join(cacheFolder(), `work-${process.pid}-${randomUUID()}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * The cached file of this name, made first if it is not there yet. `build` gets an empty folder and returns the path
 * of the file it made there. When it throws, the folder is removed.
 */
export async function cached(name: string, build: (folder: string) => Promise<string>): Promise<string> {
  const file = join(cacheFolder(), name);
  if (existsSync(file)) return file;
  const folder = workFolder();
  try {
    renameSync(await build(folder), file);
    return file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Keeps the sources of a failed build for the bug report; returns their folder. */
export function keepFailed(folder: string, hash: string): string {
  const kept = join(cacheFolder(), `failed-${hash}`);
  rmSync(kept, { recursive: true, force: true });
  renameSync(folder, kept);
  return kept;
}
