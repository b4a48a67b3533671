/**
 * A host without a machine: files in a map, output in an array. For tests, and for browsers. It can play a disk that
 * fills up (`capacity`) and a process that dies in the middle of its work (`crashAt`).
 */
import { byCodeUnit, type Host, type IoCode, IoError } from "./host.js";
import { folderOf, join } from "./paths.js";

export interface MemoryOptions {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** bytes that fit on the disk; writing more fails with ENOSPC and leaves the part that fitted */
  readonly capacity?: number;
  /** every writing operation from this number on (from 0) fails, as if the process had been killed */
  readonly crashAt?: number;
}

export interface MemoryHost extends Host {
  /** absolute path → content; folders are the prefixes and `folders` */
  readonly files: Map<string, Uint8Array>;
  readonly folders: Set<string>;
  readonly output: string[];
  readonly errors: string[];
  /** how many writing operations were made */
  readonly operations: () => number;
}

const cwd = "/project";

/** An empty machine, or one with the given files (relative to `/project`). */
export function memoryHost(options: MemoryOptions = {}): MemoryHost {
  const files = new Map<string, Uint8Array>();
  const folders = new Set<string>(["/", cwd]);
  const held = new Set<string>();
  const [output, errors]: [string[], string[]] = [[], []];
  let operations = 0;

  const at = (path: string): string => join(cwd, path);
  const fail = (code: IoCode, path: string): never => {
    throw new IoError(code, path, `${code}: ${path}`);
  };
  const isFolder = (path: string): boolean => folders.has(path);
  const need = (path: string): Uint8Array =>
    files.get(at(path)) ?? fail(isFolder(at(path)) ? "EISDIR" : "ENOENT", path);
  const operate = (path: string): void => {
    if (operations++ >= (options.crashAt ?? Number.POSITIVE_INFINITY)) fail("EOTHER", path);
  };
  const makeFolder = (path: string): void => {
    for (let each = at(path); !folders.has(each); each = folderOf(each)) {
      if (files.has(each)) fail("ENOTDIR", path);
      folders.add(each);
    }
  };
  const used = (): number => [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  const put = (path: string, bytes: Uint8Array): void => {
    if (isFolder(at(path))) fail("EISDIR", path);
    makeFolder(folderOf(path));
    files.delete(at(path));
    const room = Math.max(0, (options.capacity ?? Number.POSITIVE_INFINITY) - used());
    files.set(at(path), bytes.slice(0, room));
    if (bytes.length > room) fail("ENOSPC", path);
  };
  const below = (path: string): string[] => [...files.keys(), ...folders].filter((each) => each.startsWith(`${path}/`));
  const move = (from: string, to: string): void => {
    const bytes = files.get(from);
    if (bytes) files.set(to, bytes);
    if (folders.has(from)) folders.add(to);
    files.delete(from);
    folders.delete(from);
  };

  const host: MemoryHost = {
    cwd,
    files,
    folders,
    output,
    errors,
    operations: () => operations,
    kind: (path) => (files.has(at(path)) ? "file" : isFolder(at(path)) ? "folder" : undefined),
    size: (path) => need(path).length,
    readText: (path) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(need(path)),
    readBytes: (path) => need(path).slice(),
    readRange: (path, start, length) => {
      if (start + length > need(path).length) fail("EOTHER", path);
      return need(path).slice(start, start + length);
    },
    write: (path, content) => {
      operate(path);
      put(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
    writeDurably: (path, pieces) => {
      const all: Uint8Array[] = [];
      for (const piece of pieces) {
        operate(path);
        all.push(piece.slice());
        put(path, concatenate(all));
      }
    },
    append: (path, text) => {
      operate(path);
      put(path, concatenate([files.get(at(path)) ?? new Uint8Array(), new TextEncoder().encode(text)]));
    },
    makeFolder: (path) => {
      operate(path);
      makeFolder(path);
    },
    // no file: a test that copies this machine's files starts it again, and what held them is gone
    hold: (path) => {
      if (held.has(at(path))) return { by: "another process" };
      held.add(at(path));
      return { release: () => void held.delete(at(path)) };
    },
    rename: (from, to) => {
      operate(from);
      if (host.kind(from) === undefined) fail("ENOENT", from);
      if (isFolder(at(to))) fail("ENOTEMPTY", to);
      for (const each of [at(from), ...below(at(from))]) move(each, at(to) + each.slice(at(from).length));
    },
    syncFolder: () => {},
    remove: (path) => {
      for (const each of [...below(at(path)), at(path)]) {
        operate(each);
        files.delete(each);
        folders.delete(each);
      }
    },
    list: (path) => {
      if (!isFolder(at(path))) fail(files.has(at(path)) ? "ENOTDIR" : "ENOENT", path);
      const names = below(at(path)).map((each) => each.slice(at(path).length + 1).split("/")[0]!);
      return [...new Set(names)].sort(byCodeUnit);
    },
    realPath: (path) => (host.kind(path) === undefined ? fail("ENOENT", path) : at(path)),
    glob: (pattern, { ignore = [] } = {}) => {
      const matches = globMatcher(at(pattern));
      const ignored = ignore.map((each) => globMatcher(at(each)));
      const found = [...files.keys()].filter((each) => matches(each) && !ignored.some((match) => match(each)));
      return found.map((each) => (pattern.startsWith("/") ? each : each.slice(cwd.length + 1))).sort(byCodeUnit);
    },
    stdin: () => options.stdin ?? "",
    stdout: (text) => void output.push(text),
    stderr: (text) => void errors.push(text),
    env: (name) => options.env?.[name],
    terminal: undefined,
    temporaryFolder: "/temporary",
    now: () => operations,
  };

  for (const [path, content] of Object.entries(options.files ?? {})) {
    put(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
  return host;
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    whole.set(piece, end);
    end += piece.length;
  }
  return whole;
}

/** Only `*`, `**` and `?`: what tests and browsers need of a pattern. */
function globMatcher(pattern: string): (path: string) => boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*\*\/|\*\*|\*|\?/g, (wild) => {
    if (wild === "**/") return "(?:[^./][^/]*/)*";
    if (wild === "**") return ".*";
    return wild === "*" ? "(?!\\.)[^/]*" : "[^/]";
  });
  const expression = new RegExp(`^${source}$`);
  return (path) => expression.test(path);
}
