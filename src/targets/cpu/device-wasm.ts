/**
 * The cpu device over a WebAssembly module: one worker for each thread, all over one shared memory that is made in its
 * full size at the start, so views stay valid. The workers sleep between runs; this thread only waits for a message.
 */
import { Worker } from "node:worker_threads";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { checkRegion, type Device } from "../../runtime/device.js";
import { outOfMemory } from "./device-native.js";
import { serial } from "./serial.js";
import { type WasmLayout, type WasmStack, wasmLayout } from "./wasm-layout.js";
import { END, GATE, type ThreadData, type ThreadMessage, wasmThread } from "./wasm-worker.js";

export interface WasmDeviceOptions {
  readonly code: Uint8Array<ArrayBuffer>;
  readonly bytes: number;
  readonly threads: number;
  /** how often a thread looks at a barrier before it sleeps */
  readonly spins: number;
  readonly description: string;
}

/** Opens a module built by `build-wasm.ts`. Errors: MOE5008 above 4 GiB, MOE6022 without memory. */
export async function openWasm(options: WasmDeviceOptions): Promise<Device> {
  const layout = wasmLayout(options.bytes, options.threads);
  const memory = sharedMemory(layout, options.bytes);
  const module = await WebAssembly.compile(options.code);
  checkStatics(module, memory, layout);
  const words = new Int32Array(memory.buffer);
  words[layout.arena / 4] = options.spins;
  for (const { limit } of layout.stacks) words.fill(CANARY, limit.from / 4, limit.to / 4);
  const crew = startCrew(module, memory, layout);
  await crew.ready;
  return wasmDevice(memory, layout, crew, options);
}

// any number that no program writes by chance
const CANARY = 0x5ca1ab1e;

function sharedMemory({ pages }: WasmLayout, bytes: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch {
    throw outOfMemory(bytes);
  }
}

/** Makes an instance that never runs: it says where static data ends, and puts it there. */
function checkStatics(module: WebAssembly.Module, memory: WebAssembly.Memory, layout: WasmLayout): void {
  const never = () => undefined;
  const { exports } = new WebAssembly.Instance(module, { env: { memory, moec_sleep: never, moec_wake_all: never } });
  const { value } = exports.__heap_base as WebAssembly.Global;
  if (value > layout.staticEnd) throw bug("laying out WebAssembly memory", `static data needs ${value} bytes`);
}

function bug(doing: string, detail: string): DiagnosticError {
  return new DiagnosticError([diagnose("MOE9001", { doing, detail })]);
}

function wasmDevice(memory: WebAssembly.Memory, layout: WasmLayout, crew: Crew, options: WasmDeviceOptions): Device {
  const { bytes, threads, description } = options;
  const arena = new Uint8Array(memory.buffer, layout.arena, bytes);
  const words = new Int32Array(memory.buffer);
  const { enqueue, end } = serial();
  return {
    description,
    threads,
    bytes,
    memory: arena,
    region: (offset, length) => {
      checkRegion(offset, length, bytes);
      return arena.subarray(offset, offset + length);
    },
    run: (program) =>
      enqueue(async () => {
        await crew.run(program);
        const intact = ({ limit }: WasmStack) =>
          words.subarray(limit.from / 4, limit.to / 4).every((word) => word === CANARY);
        if (!layout.stacks.every(intact)) {
          throw bug(`running program ${program} as WebAssembly`, "a thread used more stack than it has");
        }
      }),
    close: () => end(crew.end),
  };
}

interface Crew {
  /** all threads have started */
  readonly ready: Promise<void>;
  run(program: number): Promise<void>;
  end(): Promise<void>;
}

interface Pending {
  resolve(): void;
  reject(error: Error): void;
}

/** Starts one worker for each stack. After a failure the crew is gone and every run is refused with the same error. */
function startCrew(module: WebAssembly.Module, memory: WebAssembly.Memory, layout: WasmLayout): Crew {
  const threads = layout.stacks.length;
  const gate = new Int32Array(new SharedArrayBuffer(4 * GATE.length));
  let failure: Error | undefined;
  let pending: Pending | undefined;
  let starting = threads;
  let ended = false;
  let program = END;

  const wait = (): Promise<void> =>
    new Promise((resolve, reject) => {
      pending = { resolve, reject };
    });
  const finish = (error?: Error): void => {
    const { resolve, reject } = pending ?? {};
    pending = undefined;
    if (error) reject?.(error);
    else resolve?.();
  };
  const fail = (detail: string): void => {
    if (failure || ended) return;
    failure = bug(program === END ? "starting threads" : `running program ${program} as WebAssembly`, detail);
    // the other threads wait at a barrier that nobody will reach
    for (const worker of workers) void worker.terminate();
    finish(failure);
  };
  const hear = (message: ThreadMessage): void => {
    if ("failed" in message) fail(message.failed);
    else if ("done" in message || --starting === 0) finish();
  };
  const open = (next: number): void => {
    program = next;
    gate[GATE.program] = next;
    gate[GATE.running] = threads;
    Atomics.add(gate, GATE.runs, 1);
    Atomics.notify(gate, GATE.runs);
  };

  const ready = wait();
  const workers = layout.stacks.map(({ top }, thread) => {
    const data: ThreadData = { module, memory, gate, arena: layout.arena, stackTop: top, thread, threads };
    const worker = new Worker(...wasmThread(data));
    worker.on("message", hear);
    worker.on("error", (error) => fail(error.message));
    worker.on("exit", () => fail("a thread ended"));
    return worker;
  });
  const holdProcess = (hold: boolean): void => {
    // sleeping threads must not keep a process alive that forgot to close its device
    for (const worker of workers) hold ? worker.ref() : worker.unref();
  };
  return {
    ready: ready.then(() => holdProcess(false)),
    run: async (next) => {
      if (failure) throw failure;
      holdProcess(true);
      const done = wait();
      open(next);
      await done.finally(() => holdProcess(false));
    },
    end: async () => {
      if (failure) return;
      ended = true;
      holdProcess(true);
      const exits = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
      open(END);
      await Promise.all(exits);
    },
  };
}
