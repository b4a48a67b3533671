/**
 * The embedded C compiler (clang as WebAssembly), run in a worker thread: it needs seconds and some 300 MB, and must
 * neither stop progress lines nor keep that memory. The worker stays a few seconds for the next build.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

export interface ClangResult {
  /** the file that was asked for; undefined when the compiler failed */
  readonly output?: Uint8Array;
  /** what it wrote to stderr, or why it could not run */
  readonly complaint: string;
}

interface Reply extends ClangResult {
  readonly id: number;
}

// plain JavaScript in a text: a worker can be started from it in a build and from TypeScript sources alike
const WORKER = `
const { parentPort, workerData } = require("node:worker_threads");
const clang = import(workerData.clang);
parentPort.on("message", async ({ id, args, files, output }) => {
  let complaint = "";
  const stderr = (bytes) => { if (bytes) complaint += Buffer.from(bytes).toString("utf8"); };
  try {
    const { runClang } = await clang;
    const tree = await runClang(["clang", ...args], files, { stderr, stdout: stderr, fetchProgress: () => {} });
    parentPort.postMessage({ id, output: tree[output], complaint });
  } catch (error) {
    parentPort.postMessage({ id, complaint: complaint.trim() || String(error && error.message || error) });
  }
});
`;

const IDLE_MS = 3000;

interface Service {
  readonly worker: Worker;
  readonly waiting: Map<number, (result: ClangResult) => void>;
  idle?: NodeJS.Timeout;
}

let service: Service | undefined;
let builds = 0;

/** Compiles `files` (by name, in one folder) with clang's arguments and returns the file called `output`. */
export function embeddedClang(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  output: string,
): Promise<ClangResult> {
  service ??= start();
  const { worker, waiting, idle } = service;
  clearTimeout(idle);
  worker.ref();
  return new Promise((resolve) => {
    const id = builds++;
    waiting.set(id, resolve);
    worker.postMessage({ id, args, files, output });
  });
}

function start(): Service {
  // stdout is kept from the terminal: the package reports there how it loads itself
  const workerData = { clang: pathToFileURL(entry()).href };
  const worker = new Worker(WORKER, { eval: true, workerData, stdout: true });
  const started: Service = { worker, waiting: new Map() };
  worker.on("message", ({ id, ...result }: Reply) => answer(started, id, result));
  worker.on("error", (error) => stop(started, error.message));
  worker.on("exit", () => stop(started, "the compiler's thread ended"));
  return started;
}

function answer(from: Service, id: number, result: ClangResult): void {
  from.waiting.get(id)?.(result);
  from.waiting.delete(id);
  if (from.waiting.size > 0) return;
  // a finished build must not keep the process alive
  from.worker.unref();
  from.idle = setTimeout(() => stop(from, "idle"), IDLE_MS).unref();
}

function stop(from: Service, complaint: string): void {
  if (service === from) service = undefined;
  for (const resolve of from.waiting.values()) resolve({ complaint });
  from.waiting.clear();
  void from.worker.terminate();
}

function entry(): string {
  return createRequire(import.meta.url).resolve("@yowasp/clang");
}

/** The embedded compiler's version, e.g. `22.0.0-git20542-10`. */
export function embeddedClangVersion(): string {
  for (let folder = dirname(entry()); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) return String(JSON.parse(readFileSync(manifest, "utf8")).version);
  }
}
