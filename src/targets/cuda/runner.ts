/**
 * Runs a CUDA program: one block of memory, one module, and for every program of the design one graph that was recorded
 * once. A run is one launch of that graph; nothing is allocated and nothing is asked of the host in between.
 */
import { CudaError, type Driver, OUT_OF_MEMORY } from "./driver.js";
import type { Handle } from "./handle.js";
import { STATIC_SHARED } from "./profiles.js";
import type { CudaLaunch, CudaPass, CudaProgram } from "./program.js";

export interface CudaRunner {
  readonly program: CudaProgram;
  /** bytes of GPU memory in use */
  readonly bytes: number;
  /** Sends numbers to a tensor; they are there before the next run. */
  write(buffer: number, data: ArrayBufferView): void;
  /** Brings tensors back, exactly as long as they are. */
  read(buffers: readonly number[]): Promise<Uint8Array[]>;
  /** Runs one program; resolves when the GPU is done. */
  run(program: number): Promise<void>;
  /** Runs one program so many times, after three that do not count; answers with the milliseconds of each. */
  measure(program: number, times: number): Promise<number[]>;
  /** Runs one program pass by pass; answers with the milliseconds of each, and where it comes from. */
  time(program: number): Promise<PassTime[]>;
  close(): void;
}

export interface PassTime {
  readonly entry: string;
  readonly scope: string;
  readonly milliseconds: number;
}

/** Not enough memory on the device. */
export class NoMemory extends Error {
  readonly bytes: number;
  constructor(bytes: number) {
    super(`no ${bytes} bytes of device memory`);
    this.bytes = bytes;
  }
}

/** Loads machine code and sets up memory; the device's context must be current. Errors: NoMemory, CudaError. */
export function openRunner(driver: Driver, device: number, program: CudaProgram, image: Uint8Array): CudaRunner {
  const memory = allocate(driver, program.arena);
  driver.clear(memory, program.arena);
  const module = driver.loadModule(image);
  const stream = driver.createStream();
  const multiprocessors = driver.attribute(device, "multiprocessors");
  const functions = functionsOf(driver, module, program);
  const graphs = new Map<number, Handle>();
  const place = (buffer: number): Handle => memory + BigInt(program.buffers[buffer]!.offset);
  const launchPass = (pass: CudaPass, launch: CudaLaunch): void =>
    driver.launch(
      functions.get(pass.entry)!,
      gridOf(pass, launch, multiprocessors),
      pass.threads,
      pass.shared,
      stream,
      argumentsOf(driver, pass, launch, place),
    );
  const launches = (at: number): { pass: CudaPass; launch: CudaLaunch }[] =>
    program.programs[at]!.launches.flatMap((launch) =>
      program.kernels[launch.kernel]!.passes.map((pass) => ({ pass, launch })),
    );
  const graphOf = (at: number): Handle => {
    const known = graphs.get(at);
    if (known !== undefined) return known;
    const made = driver.capture(stream, () => {
      for (const { pass, launch } of launches(at)) launchPass(pass, launch);
    });
    graphs.set(at, made);
    return made;
  };
  return {
    program,
    bytes: program.arena,
    write: (buffer, data) => driver.send(place(buffer), data),
    read: async (buffers) =>
      buffers.map((buffer) => {
        const into = new Uint8Array(program.buffers[buffer]!.bytes);
        driver.bring(place(buffer), into);
        return into;
      }),
    run: async (at) => {
      driver.launchGraph(graphOf(at), stream);
      await driver.synchronize(stream);
    },
    measure: (at, times) => measured(driver, stream, () => driver.launchGraph(graphOf(at), stream), times),
    time: async (at) => timed(driver, stream, launches(at), launchPass),
    close: () => {
      for (const graph of graphs.values()) driver.destroyGraph(graph);
      driver.destroyStream(stream);
      driver.unloadModule(module);
      driver.free(memory);
    },
  };
}

function allocate(driver: Driver, bytes: number): Handle {
  try {
    return driver.allocate(bytes);
  } catch (cause) {
    throw cause instanceof CudaError && cause.code === OUT_OF_MEMORY ? new NoMemory(bytes) : cause;
  }
}

function functionsOf(driver: Driver, module: Handle, { kernels }: CudaProgram): Map<string, Handle> {
  const functions = new Map<string, Handle>();
  for (const { entry, shared } of kernels.flatMap((k) => k.passes)) {
    const found = driver.function(module, entry);
    if (shared > STATIC_SHARED) driver.allowShared(found, shared);
    functions.set(entry, found);
  }
  return functions;
}

/** Values of a kernel's parameters: an address for each tensor, the number of elements where it wants one, tensor maps. */
function argumentsOf(
  driver: Driver,
  { maps = [] }: CudaPass,
  { args, count }: CudaLaunch,
  place: (buffer: number) => Handle,
): Uint8Array[] {
  const word = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
  const number = count === undefined ? [] : [word(BigInt(count))];
  return [
    ...args.map((buffer) => word(place(buffer))),
    ...number,
    ...maps.map((map) => driver.encodeMap(place(args[map.param]!), map)),
  ];
}

export function gridOf(
  { grid }: CudaPass,
  { count }: Pick<CudaLaunch, "count">,
  multiprocessors: number,
): readonly [number, number, number] {
  if ("tiles" in grid) {
    const { tiles, together = 1 } = grid;
    return [Math.max(together, together * Math.floor(Math.min(tiles, multiprocessors) / together)), 1, 1];
  }
  return "perBlock" in grid ? [Math.max(1, Math.ceil(count! / grid.perBlock)), 1, 1] : grid;
}

async function measured(driver: Driver, stream: Handle, run: () => void, times: number): Promise<number[]> {
  for (let i = 0; i < 3; i++) run();
  const events = Array.from({ length: times + 1 }, () => driver.createEvent());
  driver.recordEvent(events[0]!, stream);
  for (const event of events.slice(1)) {
    run();
    driver.recordEvent(event, stream);
  }
  await driver.synchronize(stream);
  const spans = events.slice(1).map((event, i) => driver.elapsed(events[i]!, event));
  for (const event of events) driver.destroyEvent(event);
  return spans;
}

async function timed(
  driver: Driver,
  stream: Handle,
  launches: readonly { readonly pass: CudaPass; readonly launch: CudaLaunch }[],
  launchPass: (pass: CudaPass, launch: CudaLaunch) => void,
): Promise<PassTime[]> {
  const events = Array.from({ length: launches.length + 1 }, () => driver.createEvent());
  driver.recordEvent(events[0]!, stream);
  for (const [i, { pass, launch }] of launches.entries()) {
    launchPass(pass, launch);
    driver.recordEvent(events[i + 1]!, stream);
  }
  await driver.synchronize(stream);
  const times = launches.map(({ pass, launch }, i) => ({
    entry: pass.entry,
    scope: launch.scope,
    milliseconds: driver.elapsed(events[i]!, events[i + 1]!),
  }));
  for (const event of events) driver.destroyEvent(event);
  return times;
}
