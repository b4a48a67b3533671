/**
 * The cpu device over a native library: threads and memory come from `templates/cpu/host-native.c`, calls go through
 * koffi. JavaScript sees the arena itself, not a copy.
 */
import { constants } from "node:buffer";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { checkRegion, type Device } from "../../runtime/device.js";
import { serial } from "./serial.js";

type Koffi = typeof import("koffi");
type Pool = bigint;

interface Native {
  open(bytes: number, threads: number, spins: number): Pool | null;
  arena(pool: Pool): bigint | null;
  threads(pool: Pool): number;
  run(pool: Pool, program: number): Promise<void>;
  close(pool: Pool): void;
}

export interface NativeOptions {
  /** path of the library */
  readonly library: string;
  readonly bytes: number;
  readonly threads: number;
  /** how often a thread looks at a barrier before it sleeps */
  readonly spins: number;
  readonly description: string;
}

/** Opens a library built by `build-native.ts`. Errors: MOE6022 without memory, MOE5006 without threads. */
export async function openNative(options: NativeOptions): Promise<Device> {
  const koffi = await import("koffi");
  const native = bind(koffi, options.library);
  const pool = native.open(options.bytes, options.threads, options.spins);
  const arena = pool && native.arena(pool);
  if (!pool || !arena) throw outOfMemory(options.bytes);
  if (native.threads(pool) < options.threads) {
    const reason = `the system starts only ${native.threads(pool)} of ${options.threads} threads`;
    native.close(pool);
    throw new DiagnosticError([diagnose("MOE5006", { target: "cpu", reason }, { help: ["set MOEC_THREADS"] })]);
  }
  return nativeDevice(koffi, native, pool, arena, options);
}

function nativeDevice(koffi: Koffi, native: Native, pool: Pool, arena: bigint, options: NativeOptions): Device {
  const { bytes, threads, description } = options;
  const memory = new Uint8Array(koffi.view(arena, Math.min(bytes, constants.MAX_LENGTH)));
  const { enqueue, end } = serial();
  return {
    description,
    threads,
    bytes,
    memory,
    region: (offset, length) => {
      checkRegion(offset, length, bytes);
      if (offset + length <= memory.length) return memory.subarray(offset, offset + length);
      return new Uint8Array(koffi.view(arena + BigInt(offset), length));
    },
    run: (program) => enqueue(() => native.run(pool, program)),
    close: () => end(async () => native.close(pool)),
  };
}

// sleeping threads are inside their library: it must not go away together with a device that nobody closed
const loadedForever: unknown[] = [];

function bind(koffi: Koffi, library: string): Native {
  const loaded = koffi.load(library);
  loadedForever.push(loaded);
  const run = loaded.func("void moec_pool_run(void *pool, int program)");
  return {
    open: loaded.func("void *moec_pool_open(size_t bytes, int threads, int spins)"),
    arena: loaded.func("void *moec_pool_arena(void *pool)"),
    threads: loaded.func("int moec_pool_threads(void *pool)"),
    run: (pool, program) =>
      new Promise((resolve, reject) => {
        run.async(pool, program, (error: unknown) => (error ? reject(error) : resolve()));
      }),
    close: loaded.func("void moec_pool_close(void *pool)"),
  };
}

/** The arena does not fit into this machine. */
export function outOfMemory(bytes: number): DiagnosticError {
  const help = ["make the model or the batch smaller: `moec explain FILE --stage plan` shows what needs the memory"];
  return new DiagnosticError([diagnose("MOE6022", { needed: bytes, what: "the model's tensors" }, { help })]);
}
