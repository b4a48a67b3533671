/**
 * What a trainer sees of the machine it runs on: one block of memory (the arena) and a way to run compiled programs
 * over it. How the programs were built and where they run is the business of a target; see `targets/cpu/device.ts`.
 */

export interface Device {
  /** one line for people: `cpu native (gcc 12.2.0, 2 threads, AVX-512)` */
  readonly description: string;
  readonly threads: number;
  /** size of the arena in bytes */
  readonly bytes: number;
  /** The arena from its start, without copying: all of it, or the first 4 GiB where JavaScript cannot hold more. */
  readonly memory: Uint8Array;
  /** A piece of the arena without copying, at any offset; valid until `close`. */
  region(offset: number, bytes: number): Uint8Array;
  /** Runs one program to its end without blocking the event loop; runs asked for meanwhile wait their turn. */
  run(program: number): Promise<void>;
  /** Waits for what is running, ends the threads and gives the memory back. Views read zeros or old data afterwards. */
  close(): Promise<void>;
}

/** f32 numbers in the arena, without copying; `offset` in bytes (a multiple of 4), `count` in numbers. */
export function floats(device: Device, offset: number, count: number): Float32Array {
  const region = device.region(offset, count * 4);
  return new Float32Array(region.buffer, region.byteOffset, count);
}

/** i32 numbers in the arena, without copying; `offset` in bytes (a multiple of 4), `count` in numbers. */
export function ints(device: Device, offset: number, count: number): Int32Array {
  const region = device.region(offset, count * 4);
  return new Int32Array(region.buffer, region.byteOffset, count);
}

/** Whether a piece lies inside an arena; devices refuse others before making a view. */
export function checkRegion(offset: number, bytes: number, arenaBytes: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(bytes);
  if (!whole || offset < 0 || bytes < 0 || offset + bytes > arenaBytes) {
    throw new RangeError(`bytes ${offset} … ${offset + bytes} are outside an arena of ${arenaBytes} bytes`);
  }
}
