/**
 * The CUDA driver (libcuda) through koffi: exactly the calls that a program's run needs, each checked. Handles are
 * addresses; nothing here knows what is computed.
 */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import type { Handle } from "./handle.js";
import type { TensorMapSpec } from "./program.js";
import { mapEncoder } from "./tensor-maps.js";

/** A call that the driver refused. */
export class CudaError extends Error {
  readonly code: number;
  constructor(call: string, code: number, text: string) {
    super(`${call}: ${text} (CUDA error ${code})`);
    this.code = code;
  }
}

export const OUT_OF_MEMORY = 2;
/** Numbers of CUdevice_attribute. */
export const ATTRIBUTES = { major: 75, minor: 76, multiprocessors: 16, sharedPerBlock: 97 } as const;
const MOST_DYNAMIC_SHARED = 8;
const CAPTURE_THREAD_LOCAL = 1;

export interface Driver {
  version(): number;
  deviceCount(): number;
  deviceName(device: number): string;
  deviceMemory(device: number): number;
  attribute(device: number, which: keyof typeof ATTRIBUTES): number;
  /** makes the device's context the current one of this thread */
  enter(device: number): void;
  leave(device: number): void;
  loadModule(image: Uint8Array): Handle;
  unloadModule(module: Handle): void;
  function(module: Handle, name: string): Handle;
  allowShared(kernel: Handle, bytes: number): void;
  allocate(bytes: number): Handle;
  free(memory: Handle): void;
  send(to: Handle, data: ArrayBufferView): void;
  bring(from: Handle, into: Uint8Array): void;
  clear(memory: Handle, bytes: number): void;
  createStream(): Handle;
  destroyStream(stream: Handle): void;
  synchronize(stream: Handle): Promise<void>;
  /** what the copy engine has to know of a tensor, as a kernel's parameter */
  encodeMap(address: Handle, map: TensorMapSpec): Uint8Array;
  /** `args`: one buffer for each parameter, with its value */
  launch(
    kernel: Handle,
    grid: readonly [number, number, number],
    threads: number,
    shared: number,
    stream: Handle,
    args: readonly Uint8Array[],
  ): void;
  /** what `record` launches on the stream, as one graph */
  capture(stream: Handle, record: () => void): Handle;
  launchGraph(graph: Handle, stream: Handle): void;
  destroyGraph(graph: Handle): void;
  createEvent(): Handle;
  recordEvent(event: Handle, stream: Handle): void;
  /** milliseconds between two events that have happened */
  elapsed(from: Handle, to: Handle): number;
  destroyEvent(event: Handle): void;
}

/** Where the driver's library is looked for. */
export const driverLibrary = (): string =>
  process.env.MOEC_LIBCUDA || (process.platform === "win32" ? "nvcuda.dll" : "libcuda.so.1");

const drivers = new Map<string, Driver>();

/** The driver of this machine, begun once for the process. Errors: MOE5006 without one, or without a device. */
export async function openDriver(): Promise<Driver> {
  const path = driverLibrary();
  const known = drivers.get(path);
  if (known) return known;
  const koffi = await import("koffi");
  const library = load(koffi, path);
  const driver = bind(koffi, library);
  drivers.set(path, driver);
  return driver;
}

function load(koffi: typeof import("koffi"), path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (cause) {
    throw cannotRun(`the CUDA driver (\`${path}\`) cannot be loaded: ${(cause as Error).message.split("\n")[0]}`);
  }
}

export function cannotRun(reason: string): DiagnosticError {
  const help = ["`moec doctor` says what was looked for", "leave `--target` out to use the processor"];
  return new DiagnosticError([diagnose("MOE5006", { target: "cuda", reason }, { help })]);
}

type Library = ReturnType<typeof import("koffi").load>;

function bind(koffi: typeof import("koffi"), library: Library): Driver {
  const declare = (text: string): ((...args: unknown[]) => number) =>
    library.func(text) as (...args: unknown[]) => number;
  const errorText = declare("int cuGetErrorString(int code, _Out_ const char **text)");
  const check = (call: string, code: number): void => {
    if (code === 0) return;
    const text: (string | null)[] = [null];
    errorText(code, text);
    throw new CudaError(call, code, text[0] ?? "unknown");
  };
  /** A call that only answers with success. */
  const plain = (name: string, parameters: string): ((...args: unknown[]) => void) => {
    const f = declare(`int ${name}(${parameters})`);
    return (...args) => check(name, f(...args));
  };
  /** A call that writes one handle first. */
  const making = (name: string, rest: string): ((...args: unknown[]) => Handle) => {
    const f = declare(`int ${name}(void *out${rest === "" ? "" : `, ${rest}`})`);
    return (...args) => {
      const out = new BigUint64Array(1);
      check(name, f(out, ...args));
      return out[0]!;
    };
  };
  /** A call that writes one int first. */
  const counting = (name: string, rest: string): ((...args: unknown[]) => number) => {
    const f = declare(`int ${name}(void *out${rest === "" ? "" : `, ${rest}`})`);
    return (...args) => {
      const out = new Int32Array(1);
      check(name, f(out, ...args));
      return out[0]!;
    };
  };
  begin(plain("cuInit", "unsigned int flags"));
  const name = plain("cuDeviceGetName", "char *name, int length, int device");
  const retain = making("cuDevicePrimaryCtxRetain", "int device");
  const makeCurrent = plain("cuCtxSetCurrent", "uint64_t context");
  const synchronize = library.func("int cuStreamSynchronize(uint64_t stream)");
  const beginCapture = plain("cuStreamBeginCapture_v2", "uint64_t stream, int mode");
  const endCapture = declare("int cuStreamEndCapture(uint64_t stream, void *graph)");
  const instantiate = making("cuGraphInstantiateWithFlags", "uint64_t graph, uint64_t flags");
  const destroyRecorded = plain("cuGraphDestroy", "uint64_t graph");
  const launch = plain(
    "cuLaunchKernel",
    "uint64_t f, unsigned int x, unsigned int y, unsigned int z, unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared, uint64_t stream, void **params, void **extra",
  );
  const elapsed = declare("int cuEventElapsedTime(void *milliseconds, uint64_t from, uint64_t to)");
  const send = plain("cuMemcpyHtoD_v2", "uint64_t to, const void *from, size_t bytes");
  const bring = plain("cuMemcpyDtoH_v2", "void *to, uint64_t from, size_t bytes");
  const attribute = counting("cuDeviceGetAttribute", "int attribute, int device");
  const createStream = making("cuStreamCreate", "unsigned int flags");
  const createEvent = making("cuEventCreate", "unsigned int flags");
  const allowShared = plain("cuFuncSetAttribute", "uint64_t f, int attribute, int value");
  const clear = plain("cuMemsetD8_v2", "uint64_t to, unsigned char value, size_t bytes");
  return {
    version: counting("cuDriverGetVersion", ""),
    deviceCount: counting("cuDeviceGetCount", ""),
    deviceName: (device) => {
      const text = Buffer.alloc(256);
      name(text, text.length, device);
      return text.toString("utf8", 0, text.indexOf(0));
    },
    deviceMemory: (device) => Number(making("cuDeviceTotalMem_v2", "int device")(device)),
    attribute: (device, which) => attribute(ATTRIBUTES[which], device),
    enter: (device) => makeCurrent(retain(device)),
    leave: plain("cuDevicePrimaryCtxRelease_v2", "int device"),
    loadModule: making("cuModuleLoadData", "const void *image"),
    unloadModule: plain("cuModuleUnload", "uint64_t module"),
    function: making("cuModuleGetFunction", "uint64_t module, const char *name"),
    allowShared: (kernel, bytes) => allowShared(kernel, MOST_DYNAMIC_SHARED, bytes),
    allocate: making("cuMemAlloc_v2", "size_t bytes"),
    free: plain("cuMemFree_v2", "uint64_t memory"),
    send: (to, data) => send(to, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), data.byteLength),
    bring: (from, into) => bring(into, from, into.length),
    clear: (memory, bytes) => clear(memory, 0, bytes),
    createStream: () => createStream(1),
    destroyStream: plain("cuStreamDestroy_v2", "uint64_t stream"),
    synchronize: (stream) =>
      new Promise((resolve, reject) => {
        synchronize.async(stream, (error: unknown, code: number) => {
          try {
            if (error) throw error;
            check("cuStreamSynchronize", code);
            resolve();
          } catch (cause) {
            reject(cause);
          }
        });
      }),
    encodeMap: mapEncoder(koffi, library, check),
    launch: (kernel, [x, y, z], threads, shared, stream, args) =>
      launch(kernel, x, y, z, threads, 1, 1, shared, stream, args, null),
    capture: (stream, record) => {
      beginCapture(stream, CAPTURE_THREAD_LOCAL);
      const graph = new BigUint64Array(1);
      try {
        record();
      } finally {
        check("cuStreamEndCapture", endCapture(stream, graph));
      }
      const ready = instantiate(graph[0], 0);
      destroyRecorded(graph[0]);
      return ready;
    },
    launchGraph: plain("cuGraphLaunch", "uint64_t graph, uint64_t stream"),
    destroyGraph: plain("cuGraphExecDestroy", "uint64_t graph"),
    createEvent: () => createEvent(0),
    recordEvent: plain("cuEventRecord", "uint64_t event, uint64_t stream"),
    elapsed: (from, to) => {
      const out = new Float32Array(1);
      check("cuEventElapsedTime", elapsed(out, from, to));
      return out[0]!;
    },
    destroyEvent: plain("cuEventDestroy_v2", "uint64_t event"),
  };
}

function begin(init: (...args: unknown[]) => void): void {
  try {
    init(0);
  } catch (cause) {
    throw cannotRun(`the CUDA driver does not start: ${(cause as Error).message}`);
  }
}
