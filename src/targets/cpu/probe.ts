/**
 * What `moec doctor` says about the cpu target: every candidate compiler really tried, what would be chosen and why,
 * threads, vectors, and what this Node's WebAssembly can do. Facts only; printing them is the command's business.
 */
import { cpus } from "node:os";
import { cacheFolder } from "./cache.js";
import { candidates, tryCompiler } from "./compilers.js";
import { chooseBuild, describe } from "./device.js";
import { embeddedClangVersion } from "./embedded-clang.js";
import { processors, threadCount } from "./threads.js";

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

export interface WasmFeatures {
  readonly simd: boolean;
  readonly threads: boolean;
  /** fused multiply-add among others; known, but not used: results would depend on the processor */
  readonly relaxedSimd: boolean;
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
    cache: cacheFolder(),
  };
}

async function compilerFact(candidate: string): Promise<CompilerFact> {
  const { command, compiler, reason } = await tryCompiler(candidate);
  return compiler
    ? { command, name: compiler.name, vectors: compiler.vectors }
    : { command, reason: reason ?? "unknown" };
}

/** What this engine's WebAssembly can do, by asking it to validate the smallest module that needs each feature. */
export function wasmFeatures(): WasmFeatures {
  const valid = (...functionBody: number[]) => WebAssembly.validate(oneFunction(functionBody));
  const zero = [0xfd, 0x0c, ...new Array<number>(16).fill(0)]; // v128.const 0
  return {
    simd: valid(...zero, 0x1a),
    threads: valid(0xfe, 0x03, 0x00), // atomic.fence
    relaxedSimd: valid(...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x1a), // f32x4.relaxed_madd
  };
}

/** A module with one function without parameters or results. */
function oneFunction(instructions: readonly number[]): Uint8Array {
  const body = [0, ...instructions, 0x0b];
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = [1, 4, 1, 0x60, 0, 0];
  const functions = [3, 2, 1, 0];
  return new Uint8Array([...magic, ...types, ...functions, 10, body.length + 2, 1, body.length, ...body]);
}
