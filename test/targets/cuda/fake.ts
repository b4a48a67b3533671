/** The stand-in for a GPU that tests run generated CUDA on: built once, found through the variables that people may set. */
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cached, contentHash } from "../../../src/targets/cpu/cache.js";
import { runTool } from "../../../src/targets/cpu/run-tool.js";
import { buildFlags, compiler } from "./prelude.js";

const source = resolve("test/targets/cuda/fake-cuda.cpp");
const templates = resolve("templates/cuda");

/** Builds the stand-in and makes it this process's CUDA. Answers with why there is none where it cannot be built. */
async function useFakeCuda(): Promise<string | undefined> {
  const { ok, stdout } = await runTool([compiler], ["--version"]);
  if (!ok) return `no C++ compiler (\`${compiler}\`)`;
  const flags = [
    "-std=c++17",
    "-O1",
    "-shared",
    "-fPIC",
    `-DFAKE_CUDA_CXX="${[compiler, ...(await buildFlags(stdout))].join(" ")}"`,
    `-DFAKE_CUDA_TEMPLATES="${templates}"`,
  ];
  // what was built with another emulated machine is not to be taken from the cache: its compiler has another version
  const machine = ["emulate.h", "emulate-hopper.h"].map((name) => readFileSync(join(templates, name), "utf8"));
  flags.push(`-DFAKE_CUDA_MINOR=${Number.parseInt(contentHash(machine).slice(0, 6), 16)}`);
  const hash = contentHash([readFileSync(source, "utf8"), ...flags, stdout]);
  const library = await cached(`fake-cuda-${hash}.so`, async (folder) => {
    mkdirSync(folder, { recursive: true });
    const to = join(folder, "fake.so");
    const built = await runTool([compiler], [...flags, source, "-o", to, "-ldl"]);
    if (!built.ok) throw new Error(built.complaint);
    return to;
  });
  Object.assign(process.env, { MOEC_LIBCUDA: library, MOEC_LIBNVRTC: library });
  return undefined;
}

/** Why generated CUDA cannot be run here; undefined where it can. */
export const whyNoEmulation: string | undefined = await useFakeCuda();

if (whyNoEmulation !== undefined) console.warn(`skipped: generated CUDA is not run (${whyNoEmulation})`);
