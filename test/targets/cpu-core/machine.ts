/**
 * Builds core.h with the probe beside it, for every instruction set this
 * machine can run, and calls it through one face. Not the compiler driver of
 * the product: tests only.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands, runLLVM } from "@yowasp/clang";
import koffi, { type LibraryHandle } from "koffi";

/** One build of core.h: its widths, its memory and a way to call a probe by name. */
export interface Machine {
  name: string;
  vl: number;
  mr: number;
  nr: number;
  floats: Float32Array;
  ints: Int32Array;
  call(probe: string, ...args: number[]): number;
}

const FLAGS = ["-std=gnu11", "-O2", "-ffp-contract=fast", "-fno-math-errno", "-Wall", "-Wextra", "-Werror"];
const ARENA = 1 << 20;
const PROBES: Record<string, number> = {
  probe_map: 5,
  probe_lanes: 5,
  probe_part: 3,
  probe_load_part: 3,
  probe_row: 4,
  probe_move: 4,
  probe_pack: 7,
  probe_tile: 6,
};

function source(): string {
  const header = readFileSync(new URL("../../../templates/cpu/core.h", import.meta.url), "utf8");
  return `${header}\n${readFileSync(new URL("./probe.c", import.meta.url), "utf8")}`;
}

function compiler(): string | undefined {
  return ["cc", "gcc", "clang"].find((name) => spawnSync(name, ["--version"]).status === 0);
}

/** The instruction sets to build for: what this machine has, and the narrower ones it also runs. */
export function nativeArchitectures(): string[] {
  const cc = compiler();
  if (cc === undefined) return [];
  const macros = execFileSync(cc, ["-march=native", "-dM", "-E", "-"], { input: "", encoding: "utf8" });
  const narrower = process.arch === "x64" ? ["x86-64"] : [];
  if (macros.includes("__AVX2__") && macros.includes("__FMA__")) narrower.push("haswell");
  return ["native", ...narrower];
}

function widths(size: (which: number) => number): Pick<Machine, "vl" | "mr" | "nr"> {
  return { vl: size(0), mr: size(1), nr: size(2) };
}

function compileShared(architecture: string): LibraryHandle {
  const folder = mkdtempSync(join(tmpdir(), "moec-core-"));
  const [file, out] = [join(folder, "probe.c"), join(folder, "probe.so")];
  writeFileSync(file, source());
  try {
    execFileSync(compiler()!, [...FLAGS, `-march=${architecture}`, "-shared", "-fPIC", file, "-o", out]);
    return koffi.load(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** core.h built by the system's compiler with -march=architecture; throws with its output where it fails. */
export function nativeMachine(architecture: string): Machine {
  const library = compileShared(architecture);
  const floats = new Float32Array(ARENA);
  const size = library.func("int probe_size(int)");
  const functions = Object.entries(PROBES).map(([name, ints]) => {
    const result = name === "probe_row" ? "float" : "void";
    return [name, library.func(name, result, ["float *", ...Array<string>(ints).fill("int")])] as const;
  });
  const table = new Map(functions);
  const call = (probe: string, ...args: number[]): number => table.get(probe)!(floats, ...args);
  return { name: architecture, ...widths(size), floats, ints: new Int32Array(floats.buffer), call };
}

const WASM_FLAGS = ["-msimd128", "-matomics", "-mbulk-memory", "-nostdlib", "-Wl,--no-entry", "-Wl,--import-memory"];

/** core.h built by the embedded clang; its memory ends where the arena does, so that reading past it traps. */
export async function wasmMachine(): Promise<Machine> {
  const args = [...FLAGS, ...WASM_FLAGS, "probe.c", "-o", "probe.wasm"];
  // Loading it first keeps its progress lines out of the output.
  await runLLVM(undefined, {}, { fetchProgress: () => {} });
  const files = await commands.clang(args, { "probe.c": source() });
  const memory = new WebAssembly.Memory({ initial: (4 * ARENA) >> 16 });
  const { instance } = await WebAssembly.instantiate(files!["probe.wasm"] as Uint8Array<ArrayBuffer>, {
    env: { memory },
  });
  const exported = instance.exports as Record<string, (...args: number[]) => number>;
  const call = (probe: string, ...args: number[]): number => exported[probe]!(0, ...args);
  const floats = new Float32Array(memory.buffer);
  return { name: "wasm", ...widths(exported.probe_size!), floats, ints: new Int32Array(memory.buffer), call };
}
