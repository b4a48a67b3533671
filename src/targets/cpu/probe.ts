/**
 * What `moec doctor` says about the cpu target: every candidate compiler really tried, what would be chosen and why,
 * threads, vectors, and what this Node's WebAssembly can do. Facts only; printing them is the command's business.
 */
import { cpus } from "node:os";
import { builtFolder } from "./cache.js";
import { candidates, tryCompiler } from "./compilers.js";
import { chooseBuild, describe } from "./device.js";
import { embeddedClangVersion } from "./embedded-clang.js";
import { processors, threadCount } from "./threads.js";
import { type WasmFeatures, wasmFeatures } from "./wasm-features.js";

export interface CompilerFact {
  /** as it is called: `cc`, or what `CC` says */
  readonly command: string;
  /** `gcc 12.2.0`; undefined when it does not work */
  readonly name?: string;
  /** the widest vectors it uses on this processor: `AVX-512` */
  readonly vectors?: string;
  /** why it does not work */
  readonly reason?: string;
}

export interface CpuFacts {
  /** the device that a training would use: `cpu native (gcc 12.2.0, 2 threads, AVX-512)` */
  readonly chosen: string;
  readonly why: string;
  readonly compilers: readonly CompilerFact[];
  /** version of the embedded compiler */
  readonly embedded: string;
  /** model name of the processor, as the system gives it */
  readonly processor: string;
  /** processors this process may use, and threads a program would get */
  readonly processors: number;
  readonly threads: number;
  readonly wasm: WasmFeatures;
  /** where built programs are kept */
  readonly cache: string;
}

/** Looks at this machine for the cpu target. Errors: MOE5005 and MOE5009, as a training would meet them. */
export async function cpuFacts(): Promise<CpuFacts> {
  const build = await chooseBuild();
  const threads = threadCount();
  return {
    chosen: describe(build, threads),
    why: build.why,
    compilers: await Promise.all(candidates().map(compilerFact)),
    embedded: embeddedClangVersion(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    processors: processors(),
    threads,
    wasm: wasmFeatures(),
    cache: builtFolder(),
  };
}

async function compilerFact(candidate: string): Promise<CompilerFact> {
  const { command, compiler, reason } = await tryCompiler(candidate);
  return compiler
    ? { command, name: compiler.name, vectors: compiler.vectors }
    : { command, reason: reason ?? "unknown" };
}
