/** The host on Node: the file system, the process's output and environment. With `node-glob.ts` the only files that touch `node:fs`. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { byCodeUnit, type Host, type IoCode, IoError } from "./host.js";
import { globFiles } from "./node-glob.js";
import { hold } from "./node-hold.js";
import { folderOf } from "./paths.js";

const knownCodes = new Set<string>(["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "EEXIST", "ENOSPC", "ENOTEMPTY"]);

// what else the system says when there is no room, or no right, to write
const sameAs: Readonly<Record<string, IoCode>> = { EDQUOT: "ENOSPC", EPERM: "EACCES", EROFS: "EACCES" };

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof IoError) throw cause;
    const { code = "EOTHER", message } = cause as NodeJS.ErrnoException;
    throw new IoError(knownCodes.has(code) ? (code as IoCode) : (sameAs[code] ?? "EOTHER"), path, message);
  }
}

function withFile<T>(path: string, flags: string, action: (file: number) => T): T {
  return attempt(path, () => {
    const file = fs.openSync(path, flags);
    try {
      return action(file);
    } finally {
      fs.closeSync(file);
    }
  });
}

function readRange(path: string, start: number, length: number): Uint8Array {
  return withFile(path, "r", (file) => {
    // before the allocation: a wrong length must not make us reserve more than the file holds
    if (start + length > fs.fstatSync(file).size) throw new IoError("EOTHER", path, "the file ends too early");
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = fs.readSync(file, bytes, done, Math.min(length - done, 1 << 30), start + done);
      if (count === 0) throw new IoError("EOTHER", path, "the file ends too early");
      done += count;
    }
    return bytes;
  });
}

function writeAll(file: number, piece: Uint8Array): void {
  // one write call may take less than it is given, and at most 2 GiB
  for (let done = 0; done < piece.length; ) {
    done += fs.writeSync(file, piece, done, Math.min(piece.length - done, 1 << 30));
  }
}

function syncFolder(path: string): void {
  // Windows cannot open folders; there a rename is durable by itself
  if (process.platform === "win32") return;
  withFile(path, "r", (folder) => fs.fsyncSync(folder));
}

function kind(path: string): "file" | "folder" | undefined {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? "file" : stats?.isDirectory() ? "folder" : undefined;
}

/** This process: its files, its terminal, its environment. */
export const nodeHost: Host = {
  get cwd() {
    return process.cwd().replaceAll("\\", "/");
  },
  kind: (path) => attempt(path, () => kind(path)),
  size: (path) => attempt(path, () => fs.statSync(path).size),
  readText: (path) => attempt(path, () => fs.readFileSync(path, "utf8")),
  readBytes: (path) => attempt(path, () => fs.readFileSync(path)),
  readRange,
  write: (path, content) =>
    attempt(path, () => {
      fs.mkdirSync(folderOf(path), { recursive: true });
      fs.writeFileSync(path, content);
    }),
  writeDurably: (path, pieces) => {
    attempt(path, () => fs.mkdirSync(folderOf(path), { recursive: true }));
    withFile(path, "w", (file) => {
      for (const piece of pieces) writeAll(file, piece);
      fs.fsyncSync(file);
    });
  },
  append: (path, text) => attempt(path, () => fs.appendFileSync(path, text)),
  makeFolder: (path) => {
    attempt(path, () => fs.mkdirSync(path, { recursive: true }));
  },
  hold: (path) => attempt(path, () => hold(path)),
  rename: (from, to) => attempt(from, () => fs.renameSync(from, to)),
  syncFolder,
  remove: (path) => attempt(path, () => fs.rmSync(path, { recursive: true, force: true })),
  list: (path) => attempt(path, () => fs.readdirSync(path).sort(byCodeUnit)),
  realPath: (path) => attempt(path, () => fs.realpathSync(path).replaceAll("\\", "/")),
  glob: (pattern, options) => attempt(pattern, () => globFiles(pattern, options)),
  stdin: () => attempt("stdin", () => fs.readFileSync(0, "utf8")),
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  env: (name) => process.env[name],
  get terminal() {
    return process.stdout.isTTY ? { columns: process.stdout.columns ?? 80 } : undefined;
  },
  get temporaryFolder() {
    return tmpdir().replaceAll("\\", "/");
  },
  now: () => performance.now(),
};
