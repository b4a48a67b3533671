/**
 * The code of one WebAssembly thread, as a text: a worker can be started from it in a build and from TypeScript sources
 * alike (Node 20 cannot run TypeScript in a worker). It sleeps on the gate between runs and never sees the event loop.
 */
import type { WorkerOptions } from "node:worker_threads";

/** Where things are in the gate, an Int32Array that all threads share. */
export const GATE = { runs: 0, program: 1, running: 2, length: 3 } as const;
/** The program number that ends a thread. */
export const END = -1;

export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly gate: Int32Array;
  /** address of the arena */
  readonly arena: number;
  /** where this thread's stack starts; it grows downwards */
  readonly stackTop: number;
  readonly thread: number;
  readonly threads: number;
}

/** What a thread tells the host: that it is there, that it was the last to finish a run, or that it trapped. */
export type ThreadMessage = { readonly ready: true } | { readonly done: true } | { readonly failed: string };

const CODE = `
const { parentPort, workerData } = require("node:worker_threads");
const { module, memory, gate, arena, stackTop, thread, threads } = workerData;
const words = new Int32Array(memory.buffer);
const env = {
  memory,
  moec_sleep: (address, seen) => void Atomics.wait(words, address >>> 2, seen),
  moec_wake_all: (address) => void Atomics.notify(words, address >>> 2),
};
const { exports } = new WebAssembly.Instance(module, { env });
exports.__stack_pointer.value = stackTop;
parentPort.postMessage({ ready: true });
for (let seen = 0; ; seen++) {
  while (Atomics.load(gate, ${GATE.runs}) === seen) Atomics.wait(gate, ${GATE.runs}, seen);
  const program = Atomics.load(gate, ${GATE.program});
  if (program === ${END}) break;
  try {
    exports.moec_run(arena, program, thread, threads);
  } catch (error) {
    parentPort.postMessage({ failed: String(error && error.message || error) });
    break;
  }
  if (Atomics.sub(gate, ${GATE.running}, 1) === 1) parentPort.postMessage({ done: true });
}
`;

/** The arguments of `new Worker(...)` for one thread. */
export function wasmThread(data: ThreadData): [code: string, options: WorkerOptions] {
  return [CODE, { eval: true, workerData: data }];
}
