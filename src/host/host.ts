/**
 * All input and output behind one interface, so that the same code runs in Node, in a browser and in tests. Paths use
 * `/` and are relative to `cwd` unless absolute. Failures are thrown as `IoError` with the system's own short code;
 * turning them into diagnostics is the caller's business, because only the caller knows what the file was for.
 */

export type IoCode = "ENOENT" | "EACCES" | "EISDIR" | "ENOTDIR" | "EEXIST" | "ENOSPC" | "ENOTEMPTY" | "EOTHER";

/** A failed file operation: `code` as the system names it, `path` as the caller wrote it. */
export class IoError extends Error {
  readonly code: IoCode;
  readonly path: string;
  constructor(code: IoCode, path: string, message: string) {
    super(message);
    this.name = "IoError";
    this.code = code;
    this.path = path;
  }
}

export interface FileHost {
  /** the absolute current directory */
  readonly cwd: string;
  /** what is at a path, symbolic links followed; undefined when there is nothing */
  kind(path: string): "file" | "folder" | undefined;
  /** size of a file in bytes */
  size(path: string): number;
  readText(path: string): string;
  readBytes(path: string): Uint8Array;
  /** exactly `length` bytes from `start`, or an `IoError` when the file ends earlier */
  readRange(path: string, start: number, length: number): Uint8Array;
  /** replaces a file; makes the folders above it */
  write(path: string, content: string | Uint8Array): void;
  /** like `write`, in pieces, and the bytes are on the disk when it returns */
  writeDurably(path: string, pieces: Iterable<Uint8Array>): void;
  append(path: string, text: string): void;
  makeFolder(path: string): void;
  /**
   * Makes a file that says that this process is at work here, and the folders above it. The answer is what gives it
   * back, or which living process of this machine has it; a file of a process that is gone is taken over.
   */
  hold(path: string): Held;
  /** replaces a file at `to`; a folder at `to` must be absent */
  rename(from: string, to: string): void;
  /** makes the names in a folder (new files, renames) durable */
  syncFolder(path: string): void;
  /** removes a file or a whole folder; nothing there is fine */
  remove(path: string): void;
  /** names in a folder, in code unit order */
  list(path: string): string[];
  /** the absolute path with every symbolic link resolved */
  realPath(path: string): string;
  /** files that match a pattern, in code unit order; names with a leading dot never match */
  glob(pattern: string, options?: GlobOptions): string[];
}

export type Held = { readonly release: () => void } | { readonly by: string };

export interface GlobOptions {
  /** patterns to leave out */
  readonly ignore?: readonly string[];
}

export interface Host extends FileHost {
  /** all that stands in stdin, to its end */
  stdin(): string;
  stdout(text: string): void;
  stderr(text: string): void;
  /** a variable of the environment */
  env(name: string): string | undefined;
  /** whether stdout is a terminal, and how many columns it has */
  readonly terminal: { readonly columns: number } | undefined;
  /** the folder for temporary files of this machine */
  readonly temporaryFolder: string;
  /** milliseconds of a clock that never goes back */
  now(): number;
}

/** Orders texts by code unit: the same on every machine and locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
