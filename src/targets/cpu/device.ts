/**
 * The door to the cpu target: takes generated C, decides whether the system's compiler or the embedded one builds it,
 * and opens the device that runs it. Both build the same text.
 */

import { totalmem } from "node:os";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import type { Device } from "../../runtime/device.js";
import { buildNative } from "./build-native.js";
import { buildWasm } from "./build-wasm.js";
import { type Compiler, type Trial, tryCompilers } from "./compilers.js";
import { openNative, outOfMemory } from "./device-native.js";
import { openWasm } from "./device-wasm.js";
import { embeddedClangVersion } from "./embedded-clang.js";
import type { Sources } from "./sources.js";
import { barrierSpins, threadCount } from "./threads.js";
import { wasmFeatures } from "./wasm-features.js";

export type CpuKind = "native" | "wasm";

/** How the cpu target is built on this machine, and why. */
export type CpuBuild =
  | { readonly kind: "native"; readonly compiler: Compiler; readonly why: string }
  | { readonly kind: "wasm"; readonly why: string };

export interface CpuOptions extends Sources {
  /** size of the arena, control block included */
  readonly bytes: number;
  /** default: `MOEC_THREADS`, else one for each processor */
  readonly threads?: number;
  /** default: `MOEC_CPU`, else native where a compiler works */
  readonly force?: CpuKind;
  /** told what is being done, one line each */
  readonly log?: (line: string) => void;
}

/** Builds a generated program (or takes it from the cache) and opens the device that runs it. */
export async function openCpu(options: CpuOptions): Promise<Device> {
  const { bytes, log } = options;
  const threads = threadCount(options.threads);
  if (bytes > availableBytes()) throw outOfMemory(bytes);
  const build = await chooseBuild(options.force);
  log?.(`cpu ${build.kind}: ${build.why}`);
  const common = { bytes, threads, spins: barrierSpins(build.kind, threads) };
  if (build.kind === "native") {
    const library = await buildNative(options, build.compiler);
    return openNative({ ...common, library, description: describe(build, threads) });
  }
  const code = await buildWasm(options, { relaxed: wasmFeatures().relaxedSimd });
  return openWasm({ ...common, code, description: describe(build, threads) });
}

/** Memory that this process may use at most, in bytes. */
function availableBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained ? Math.min(constrained, totalmem()) : totalmem();
}

/** Decides how to build: as forced, as `MOEC_CPU` says, or natively where a compiler works. Errors: MOE5005, MOE5009. */
export async function chooseBuild(force: CpuKind | undefined = forcedKind()): Promise<CpuBuild> {
  if (force === "wasm") return { kind: "wasm", why: "asked for" };
  const trials = await tryCompilers();
  const compiler = trials.at(-1)?.compiler;
  if (compiler) return { kind: "native", compiler, why: `${compiler.command.join(" ")} is ${compiler.name}` };
  if (force === "native") throw noCompiler(trials);
  return { kind: "wasm", why: `no C compiler works here (${trials.map(failed).join("; ")})` };
}

function forcedKind(value = process.env.MOEC_CPU): CpuKind | undefined {
  if (!value) return undefined;
  if (value === "native" || value === "wasm") return value;
  const params = { name: "MOEC_CPU", value, expected: "`native` or `wasm`" };
  throw new DiagnosticError([diagnose("MOE5009", params)]);
}

function failed({ command, reason = "unknown" }: Trial): string {
  return `${command}: ${reason.split("\n")[0]}`;
}

function noCompiler(trials: readonly Trial[]): DiagnosticError {
  const help = [
    ...trials.map((trial) => `tried ${trial.command}: ${trial.reason ?? "unknown"}`),
    "install gcc or clang, or name a compiler in CC",
    "leave MOEC_CPU unset to use the embedded compiler (WebAssembly), several times slower",
  ];
  return new DiagnosticError([diagnose("MOE5005", {}, { help })]);
}

/** One line for people: `cpu native (gcc 12.2.0, 2 threads, AVX-512)`. */
export function describe(build: CpuBuild, threads: number): string {
  const count = `${threads} ${threads === 1 ? "thread" : "threads"}`;
  return build.kind === "native"
    ? `cpu native (${build.compiler.name}, ${count}, ${build.compiler.vectors})`
    : `cpu wasm (clang ${embeddedClangVersion().split("-")[0]}, ${count}, ${wasmFeatures().relaxedSimd ? "relaxed SIMD" : "SIMD128"})`;
}
