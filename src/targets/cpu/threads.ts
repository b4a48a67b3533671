/** How many threads a program gets, and how patiently they wait for each other. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";

const MOST_THREADS = 1024;

/** Processors this process may use: those it may run on, and no more than a container's quota pays for. */
export function processors(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(containerQuota() ?? Number.POSITIVE_INFINITY)));
}

/** Linux control groups, version 2: "max 100000" or "150000 100000" (microseconds of each period). */
function containerQuota(): number | undefined {
  try {
    const [quota, period] = readFileSync("/sys/fs/cgroup/cpu.max", "utf8").split(" ").map(Number);
    return quota && period ? quota / period : undefined;
  } catch {
    return undefined;
  }
}

/** The number of threads: as asked for, else `MOEC_THREADS`, else one for each processor. Errors: MOE5009. */
export function threadCount(wanted?: number, environment: NodeJS.ProcessEnv = process.env): number {
  const text = wanted === undefined ? environment.MOEC_THREADS : String(wanted);
  if (!text) return processors();
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return threads;
  const expected = `a whole number from 1 to ${MOST_THREADS}`;
  throw new DiagnosticError([diagnose("MOE5009", { name: "MOEC_THREADS", value: text, expected })]);
}

/** How often a thread looks at a barrier before it sleeps: not at all where the threads outnumber the processors. */
export function barrierSpins(kind: "native" | "wasm", threads: number): number {
  if (threads > processors()) return 0;
  return SPINS[kind];
}

// looking costs about as much as sleeping and being woken would (some 40 µs): never more than twice the best choice
const SPINS = { native: 4000, wasm: 30_000 } as const;
