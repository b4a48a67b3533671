/** Hand-written SPMD programs on every way to build them: barriers, counters, stacks, errors, the event loop. */
import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../../../src/diagnostics/diagnostic.js";
import { type Device, floats, ints } from "../../../src/runtime/device.js";
import { openCpu } from "../../../src/targets/cpu/device.js";
import { BYTES, builds, DATA, RESULT, SOURCE, TALLY, withPrograms } from "./builds.js";

const NUMBERS = 100_000;

async function sumOnce(device: Device): Promise<number> {
  const numbers = floats(device, DATA, NUMBERS);
  for (let i = 0; i < NUMBERS; i++) numbers[i] = Math.fround(Math.sin(i));
  await device.run(0);
  return floats(device, RESULT, 1)[0]!;
}

/** The sum as `threads` threads must make it: f32, slice by slice. */
function expectedSum(threads: number): number {
  let total = 0;
  for (let thread = 0; thread < threads; thread++) {
    const [from, to] = [thread, thread + 1].map((t) => Math.floor((NUMBERS * t) / threads)) as [number, number];
    let part = 0;
    for (let i = from; i < to; i++) part = Math.fround(part + Math.fround(Math.sin(i)));
    total = Math.fround(total + part);
  }
  return total;
}

for (const { kind, missing } of builds) {
  describe.skipIf(missing)(`cpu ${kind}${missing ?? ""}`, () => {
    it.each([1, 2, 3, 7])("adds numbers in slices, bit for bit, with %i threads, twice", async (threads) => {
      await withPrograms(kind, threads, async (device) => {
        expect(await sumOnce(device)).toBe(expectedSum(threads));
        floats(device, RESULT, 1)[0] = 0;
        expect(await sumOnce(device)).toBe(expectedSum(threads));
      });
    });

    it.each([1, 2, 5])("keeps %i threads together over 10 000 barriers", async (threads) => {
      await withPrograms(kind, threads, async (device) => {
        await device.run(1);
        expect([...ints(device, RESULT, 2)]).toEqual([0, 0]);
        const rounds = Array.from({ length: threads }, (_, thread) => ints(device, TALLY + 64 * thread, 1)[0]);
        expect(rounds).toEqual(Array(threads).fill(10_000));
      });
    });

    it.each([1, 2, 5])("hands out every piece of work once in every launch to %i threads", async (threads) => {
      await withPrograms(kind, threads, async (device) => {
        await device.run(2);
        await device.run(2);
        expect(new Set(ints(device, DATA, 2000))).toEqual(new Set([100]));
      });
    });

    it("starts with zeroed memory and describes itself", async () => {
      await withPrograms(kind, 2, async (device) => {
        expect(device.memory.length).toBe(BYTES);
        expect(device.memory.subarray(4096).every((byte) => byte === 0)).toBe(true);
        expect(device.memory.byteOffset % 64).toBe(0);
        expect(device.description).toMatch(new RegExp(`^cpu ${kind} \\((gcc|clang) [^,]+, 2 threads, .+\\)$`));
      });
    });

    it("runs what is asked for meanwhile in order, and leaves the event loop free", async () => {
      await withPrograms(kind, 2, async (device) => {
        let ticks = 0;
        const timer = setInterval(() => ticks++, 5);
        const order: number[] = [];
        const long = device.run(4).then(() => order.push(4));
        const short = device.run(3).then(() => order.push(3));
        await Promise.all([long, short]);
        clearInterval(timer);
        expect(order).toEqual([4, 3]);
        expect(ticks).toBeGreaterThan(3);
      });
    });

    it("gives every thread a stack of more than 800 KiB", async () => {
      await withPrograms(kind, 3, async (device) => {
        await device.run(5);
        expect([...ints(device, RESULT, 3)]).toEqual([0, 1, 2]);
      });
    });

    it("refuses views outside the arena, and runs after the end", async () => {
      const device = await openCpu({ source: SOURCE, bytes: BYTES, threads: 1, force: kind });
      expect(() => floats(device, BYTES - 4, 2)).toThrow(RangeError);
      expect(() => floats(device, -4, 1)).toThrow(RangeError);
      expect(floats(device, BYTES - 4, 1)).toHaveLength(1);
      await Promise.all([device.close(), device.close()]);
      expect(device.memory[DATA]).toBe(0);
      await expect(device.run(0)).rejects.toThrow("closed");
    });

    it("opens the same program many times side by side", async () => {
      const options = { source: SOURCE, bytes: BYTES, threads: 2, force: kind };
      const devices = await Promise.all(Array.from({ length: 4 }, () => openCpu(options)));
      const sums = await Promise.all(devices.map(sumOnce));
      expect(sums).toEqual(Array(4).fill(expectedSum(2)));
      await Promise.all(devices.map((device) => device.close()));
    });
  });
}

describe("cpu wasm, just compiled", () => {
  // code that V8 has not optimised yet once slept at a wrong address; another function makes it new code
  it.each([2, 5])("keeps %i threads together when they sleep from the start", async (threads) => {
    const source = `${SOURCE}\nMOEC_EXPORT int moec_new(void) { return ${threads}; }`;
    const device = await openCpu({ source, bytes: BYTES, threads, force: "wasm" });
    ints(device, 0, 1)[0] = 0; // no looking: every barrier sleeps
    await device.run(7);
    await device.close();
  });
});

describe("cpu wasm, when a program goes wrong", () => {
  it("turns a trap into an error, ends the threads that wait, and stays closed", async () => {
    await withPrograms("wasm", 3, async (device) => {
      const error: unknown = await device.run(8).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(DiagnosticError);
      expect((error as DiagnosticError).message).toMatch(/MOE9001.*running program 8 as WebAssembly.*unreachable/s);
      await expect(device.run(0)).rejects.toBe(error);
    });
  });

  it("notices a stack that is too small", async () => {
    await withPrograms("wasm", 2, async (device) => {
      await expect(device.run(6)).rejects.toThrow(/MOE9001.*more stack/);
    });
  });
});
