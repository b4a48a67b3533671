/**
 * How generated CUDA is built for the emulated machine: hardly optimised, because tests run little and build much, and
 * over the standard library's headers compiled once.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached, contentHash } from "../../../src/targets/cpu/cache.js";
import { runTool } from "../../../src/targets/cpu/run-tool.js";

export const compiler = process.env.CXX || "g++";

/** The same for the headers and for what is built over them, or the compiler would read them again. */
const FLAGS = [
  "-std=c++17",
  "-Og",
  "-fPIC",
  "-fvisibility=hidden",
  "-U_FORTIFY_SOURCE",
  "-ffp-contract=off",
  "-pthread",
];

const HEADERS =
  `algorithm atomic chrono cmath cstdint cstdio cstdlib cstring deque string thread utility vector setjmp.h
  stdint.h stdio.h stdlib.h string.h ucontext.h`.split(/\s+/);

/** Flags of every build; `version`: what the compiler says of itself. */
export async function buildFlags(version: string): Promise<string[]> {
  const text = `${HEADERS.map((name) => `#include <${name}>`).join("\n")}\n`;
  const name = `prelude-${contentHash([text, ...FLAGS, compiler, version])}.h`;
  const made = async (ending: string, make: (to: string) => Promise<void>): Promise<string> =>
    cached(`${name}${ending}`, async (folder) => {
      const to = join(folder, "prelude.h");
      writeFileSync(to, text);
      await make(to);
      return `${to}${ending}`;
    });
  const header = await made("", async () => {});
  await made(".gch", async (to) => {
    const built = await runTool([compiler], [...FLAGS, "-x", "c++-header", to, "-o", `${to}.gch`]);
    if (!built.ok) throw new Error(built.complaint);
  });
  return [...FLAGS, "-include", header];
}
