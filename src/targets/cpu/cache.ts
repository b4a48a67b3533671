/**
 * Where built programs are kept, by content: the same source, flags and compiler are built once. Entries appear
 * whole or not at all, so that two processes may build the same one at the same time.
 */
import { createHash, randomUUID } from "node:crypto";
import { accessSync, constants, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { cacheFolder } from "../../host/cache-folder.js";
import { nodeHost } from "../../host/node.js";
import { isInside } from "../../host/paths.js";

/** The folder of built programs, made if absent. Errors: MOE6014 when it cannot be used. */
export function builtFolder(): string {
  const folder = cacheFolder(nodeHost);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw unusable(folder, (cause as Error).message);
  }
  if (!process.env.MOEC_CACHE && isInside(folder, nodeHost.temporaryFolder) && !isOurs(folder)) {
    throw unusable(folder, "it belongs to somebody else, or others can write to it");
  }
  return folder;
}

/** Everybody can write to the temporary folder, and we load libraries from the cache: it must be ours alone there. */
function isOurs(folder: string): boolean {
  const { uid, mode } = lstatSync(folder);
  const user = process.getuid?.();
  return user === undefined || (uid === user && (mode & 0o022) === 0);
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
  const folder = join(builtFolder(), `work-${process.pid}-${randomUUID()}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * The cached file of this name, made first if it is not there yet. `build` gets an empty folder and returns the path
 * of the file it made there. When it throws, the folder is removed.
 */
export async function cached(name: string, build: (folder: string) => Promise<string>): Promise<string> {
  const file = join(builtFolder(), name);
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
  const kept = join(builtFolder(), `failed-${hash}`);
  rmSync(kept, { recursive: true, force: true });
  renameSync(folder, kept);
  return kept;
}
