/**
 * Builds a generated program with the embedded compiler to a WebAssembly module with SIMD and threads over a shared
 * memory that the host brings. Freestanding: no libc. Cached by content. Running it is `device-wasm.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compilerComplained } from "./build-native.js";
import { cached, contentHash, keepFailed } from "./cache.js";
import { embeddedClang, embeddedClangVersion } from "./embedded-clang.js";
import { type Sources, sourceFiles, writeFiles } from "./sources.js";

/** A module never addresses more: pointers have 32 bits. */
export const WASM_MEMORY_BYTES = 2 ** 32;

const COMPILE = [
  "-std=gnu11",
  "-O3",
  "-msimd128",
  "-matomics",
  "-mbulk-memory",
  "-fno-math-errno",
  "-ffp-contract=fast",
];
const LINK = ["--no-entry", "--import-memory", "--shared-memory", `--max-memory=${WASM_MEMORY_BYTES}`];
const EXPORT = ["--export-dynamic", "--export=__stack_pointer", "--export=__heap_base"];

export interface WasmOptions {
  /** use relaxed SIMD, for engines that have it: faster by fused multiply-add, rounded as the processor does */
  readonly relaxed: boolean;
}

/** The WebAssembly module of a program; compiles it unless the cache has it. Errors: a compiler error is our bug. */
export async function buildWasm(sources: Sources, options: WasmOptions): Promise<Uint8Array<ArrayBuffer>> {
  const files = sourceFiles(sources);
  const version = embeddedClangVersion();
  const linker = [...LINK, ...EXPORT].map((flag) => `-Wl,${flag}`);
  const flags = [
    ...COMPILE,
    ...(options.relaxed ? ["-mrelaxed-simd"] : []),
    "-fvisibility=hidden",
    "-nostdlib",
    ...linker,
  ];
  const hash = contentHash([version, ...flags, ...Object.entries(files).flat()]);
  const file = await cached(`${hash}.wasm`, async (folder) => {
    const { output, complaint } = await embeddedClang(
      [...flags, "program.c", "-o", "program.wasm"],
      files,
      "program.wasm",
    );
    if (!output) {
      writeFiles(folder, files);
      throw compilerComplained(`embedded clang ${version}`, complaint, keepFailed(folder, hash));
    }
    const made = join(folder, "program.wasm");
    writeFileSync(made, output);
    return made;
  });
  return new Uint8Array(readFileSync(file));
}
