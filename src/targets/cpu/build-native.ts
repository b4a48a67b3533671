/**
 * Builds a generated program with the system's compiler: one shared library holding the program and its native host
 * (`templates/cpu/host-native.c`). Cached by content. Loading it is `device-native.ts`.
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { cached, contentHash, keepFailed } from "./cache.js";
import { type Compiler, LIBRARY_FLAGS, NATIVE_FLAGS } from "./compilers.js";
import { firstLines, runTool } from "./run-tool.js";
import { cpuTemplate, type Sources, sourceFiles, writeFiles } from "./sources.js";

/** The path of the library of a program; compiles it unless the cache has it. Errors: a compiler error is our bug. */
export async function buildNative(sources: Sources, compiler: Compiler): Promise<string> {
  const files = { ...sourceFiles(sources), "host-native.c": cpuTemplate("host-native.c") };
  const flags = [...NATIVE_FLAGS, ...compiler.machineFlags, ...LIBRARY_FLAGS];
  // the processor's model: compilers tune for it beyond what the macros say
  const identity = [...compiler.command, compiler.macros, cpus()[0]?.model ?? "", process.platform, process.arch];
  const hash = contentHash([...identity, ...flags, ...Object.entries(files).flat()]);
  return cached(`${hash}.so`, async (folder) => {
    writeFiles(folder, files);
    const library = join(folder, "program.so");
    const inputs = [join(folder, "program.c"), join(folder, "host-native.c")];
    const { ok, complaint } = await runTool(compiler.command, [...flags, ...inputs, "-lm", "-o", library]);
    if (!ok) throw compilerComplained(compiler.name, complaint.replaceAll(`${folder}/`, ""), keepFailed(folder, hash));
    return library;
  });
}

/** Generated C that a compiler refuses is never the user's mistake; keeps what a bug report needs. */
export function compilerComplained(compiler: string, complaint: string, kept: string): DiagnosticError {
  const params = { doing: `compiling the generated C with ${compiler}`, detail: firstLines(complaint) };
  return new DiagnosticError([diagnose("MOE9001", params, { help: [`the generated source is kept in ${kept}`] })]);
}
