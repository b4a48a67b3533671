/**
 * Which C compiler of the system really works: it must find its headers, make a library with threads and vectors, and
 * Node must be able to load and call it. `CC` is honoured and then is the only candidate. Finding is separate from
 * choosing (`device.ts`) and from building (`build-native.ts`).
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtFolder, workFolder } from "./cache.js";
import { firstLines, runTool } from "./run-tool.js";

export interface Compiler {
  /** program and leading arguments: `["gcc"]`, `["clang-18", "-m64"]` */
  readonly command: readonly string[];
  /** for people: `gcc 12.2.0` */
  readonly name: string;
  /** how it is told to use all of this processor, where it can be told, and what `MOEC_CFLAGS` adds */
  readonly machineFlags: readonly string[];
  /** the widest vectors it uses here: `AVX-512`, `AVX2`, `NEON` */
  readonly vectors: string;
  /** everything it predefines for this machine: decides, with the flags, what it makes of a source */
  readonly macros: string;
}

/** One candidate: the working compiler, or why it does not work. */
export interface Trial {
  readonly command: string;
  readonly compiler?: Compiler;
  readonly reason?: string;
}

/**
 * Flags of every native build. Errno and trapping would only cost vectors; results are those of IEEE but for fma. The
 * kernels spell out vectors and unrolling: `-O3` takes twice as long and makes them no faster.
 */
export const NATIVE_FLAGS = ["-std=gnu11", "-O2", "-fno-math-errno", "-ffp-contract=fast"] as const;
export const LIBRARY_FLAGS = ["-fPIC", "-shared", "-pthread", "-fvisibility=hidden"] as const;

const TRIAL_PROGRAM = `
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
typedef float vec __attribute__((vector_size(32)));
static void *half(void *into) { *(vec *)into = (vec){21, 21, 21, 21, 21, 21, 21, 21}; return 0; }
__attribute__((visibility("default"))) int moec_trial(void) {
  vec *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  pthread_t thread;
  if (page == MAP_FAILED || pthread_create(&thread, 0, half, page)) return 0;
  pthread_join(thread, 0);
  *page += *page;
  int answer = (int)(*page)[7];
  munmap(page, 4096);
  return answer;
}
`;

/** The candidates' commands, in order of preference. */
export function candidates(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  return environment.CC ? [environment.CC] : ["cc", "gcc", "clang"];
}

/** Flags of the user, after ours so that they win: `MOEC_CFLAGS="-O0 -g"` for a debugger. */
export function addedFlags(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  return (environment.MOEC_CFLAGS ?? "").split(/\s+/).filter((flag) => flag !== "");
}

/** Tries candidates until one works; the last trial of the answer is the working one, if any is. */
export async function tryCompilers(commands: readonly string[] = candidates()): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (const command of commands) {
    const trial = await tryCompiler(command);
    trials.push(trial);
    if (trial.compiler) break;
  }
  return trials;
}

const known = new Map<string, Promise<Trial>>();

/** Tries one candidate for real; asked once per process, command and environment. */
export function tryCompiler(command: string): Promise<Trial> {
  const key = [command, process.env.PATH, process.env.MOEC_CFLAGS].join("\n");
  const trial = known.get(key) ?? examine(command);
  known.set(key, trial);
  return trial;
}

async function examine(command: string): Promise<Trial> {
  if (process.platform === "win32") return { command, reason: "native builds need Linux or macOS" };
  const words = command.trim().split(/\s+/);
  for (const forMachine of [["-march=native"], ["-mcpu=native"], []]) {
    const machineFlags = [...forMachine, ...addedFlags()];
    const { ok, stdout: macros, complaint } = await runTool(words, [...machineFlags, "-dM", "-E", "-x", "c", "-"]);
    if (!ok && forMachine.length > 0 && complaint !== "not found") continue;
    if (!ok) return { command, reason: firstLines(complaint, 3) };
    const reason = await whyItFails(words, machineFlags);
    return reason === undefined ? { command, compiler: described(words, machineFlags, macros) } : { command, reason };
  }
  return { command, reason: "does not compile C" };
}

/** Builds, loads and calls the trial program; undefined when it answers as it should. */
async function whyItFails(command: readonly string[], machineFlags: readonly string[]): Promise<string | undefined> {
  const folder = workFolder();
  try {
    const [source, library] = [join(folder, "trial.c"), join(folder, "trial.so")];
    writeFileSync(source, TRIAL_PROGRAM);
    const flags = [...NATIVE_FLAGS, ...machineFlags, ...LIBRARY_FLAGS];
    const { ok, complaint } = await runTool(command, [...flags, source, "-o", library]);
    return ok ? await whyItCannotBeCalled(library) : firstLines(complaint, 3).replaceAll(`${folder}/`, "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function whyItCannotBeCalled(library: string): Promise<string | undefined> {
  try {
    const { load } = await import("koffi");
    const loaded = load(library);
    const answer: unknown = loaded.func("int moec_trial(void)")();
    loaded.unload();
    return answer === 42 ? undefined : "what it compiles gives wrong results";
  } catch (cause) {
    return `what it compiles cannot be loaded: ${(cause as Error).message.replaceAll(`${builtFolder()}/`, "")}`;
  }
}

function described(command: readonly string[], machineFlags: readonly string[], macros: string): Compiler {
  const has = (macro: string) => macros.includes(`#define ${macro} `);
  const text = (macro: string) => new RegExp(`^#define ${macro} "(.*)"$`, "m").exec(macros)?.[1]?.trim();
  const name = has("__clang__")
    ? `clang ${text("__clang_version__")?.split(" ")[0]}`
    : `${has("__GNUC__") ? "gcc" : command[0]} ${text("__VERSION__") ?? ""}`.trim();
  const vectors = VECTORS.find(([macro]) => has(macro))?.[1] ?? "no vectors";
  return { command, name: [name, ...addedFlags()].join(" "), machineFlags, vectors, macros };
}

/** Predefined macros and the vectors they stand for, widest first. */
const VECTORS: readonly (readonly [macro: string, vectors: string])[] = [
  ["__AVX512F__", "AVX-512"],
  ["__AVX2__", "AVX2"],
  ["__AVX__", "AVX"],
  ["__SSE2__", "SSE2"],
  ["__ARM_FEATURE_SVE", "SVE"],
  ["__ARM_NEON", "NEON"],
  ["__riscv_vector", "RVV"],
  ["__ALTIVEC__", "AltiVec"],
];
