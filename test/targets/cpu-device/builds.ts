/** What the tests of the cpu device share: the programs, and which builds this machine can do. */
import { readFileSync } from "node:fs";
import type { Device } from "../../../src/runtime/device.js";
import { tryCompilers } from "../../../src/targets/cpu/compilers.js";
import { type CpuKind, openCpu } from "../../../src/targets/cpu/device.js";

export const SOURCE = readFileSync(new URL("./programs.c", import.meta.url), "utf8");
export const BYTES = 1 << 20;
export const [RESULT, TALLY, DATA] = [4096, 8192, 65_536];

const trials = await tryCompilers();

/** Each way to build, and why it cannot be tested here. */
export const builds: readonly { kind: CpuKind; missing?: string }[] = [
  trials.at(-1)?.compiler ? { kind: "native" } : { kind: "native", missing: " (skipped: no C compiler works here)" },
  { kind: "wasm" },
];

/** Opens the test programs, hands them to a test, and closes them whatever happens. */
export async function withPrograms<T>(
  force: CpuKind,
  threads: number,
  use: (device: Device) => Promise<T>,
): Promise<T> {
  const device = await openCpu({ source: SOURCE, bytes: BYTES, threads, force });
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}
