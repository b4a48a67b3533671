/** A design compiled for WebGPU out of the files of `generated/<spec>`: what a trainer in a browser starts from. */
import type { Design } from "../2-design/design.js";
import type { BufferSpec } from "../2-design/mixture-weights.js";
import type { WeightSpec } from "../2-design/weights.js";
import type { WgslProgram } from "../targets/wgsl/program.js";
import type { Bundle, RunPlan, WgslCode } from "./bundle.js";

/** Everything but the texts of the kernels, which lie next to it. */
export const programFile = "wgsl/program.json";

interface ProgramFile extends WgslProgram {
  readonly generated_by: string;
  readonly name: string;
  readonly spec: { readonly hash: string };
  readonly weights: readonly WeightSpec[];
  readonly saved: readonly BufferSpec[];
}

/** `read` answers with the text of a file, by its path in the design's folder. */
export async function readGpuBundle(
  read: (path: string) => Promise<string>,
): Promise<Bundle & { readonly code: WgslCode }> {
  const design = JSON.parse(await read("design.json")) as Design;
  const file = JSON.parse(await read(programFile)) as ProgramFile;
  if (design.spec.hash !== file.spec.hash)
    throw new Error(`${programFile} was compiled from another spec than design.json`);
  const texts = file.kernels.map(async (kernel) => ({ ...kernel, code: await read(`wgsl/${kernel.name}.wgsl`) }));
  const { memories, buffers, programs, needs } = file;
  const wgsl: WgslProgram = { kernels: await Promise.all(texts), memories, buffers, programs, needs };
  const version = file.generated_by.replace(/^moec /, "");
  return {
    name: file.name,
    version,
    design,
    weights: file.weights,
    buffers: file.saved,
    plan: planOf(wgsl),
    code: { wgsl },
  };
}

/** The plan as the engine sees it: buffers under the same numbers. */
function planOf({ buffers, programs, memories }: WgslProgram): RunPlan {
  const bytes = (kept: boolean): number =>
    buffers.filter((b) => (b.role !== "work") === kept).reduce((sum, b) => sum + b.bytes, 0);
  const arena = memories.reduce((a, b) => a + b, 0);
  // a plan knows nothing of 16 bits, and nobody outside reads such a tensor
  const plain = buffers.map((b) => ({ ...b, dtype: b.dtype === "f16" ? ("f32" as const) : b.dtype }));
  return { buffers: plain, programs, memory: { kept: bytes(true), workspace: arena - bytes(true), arena } };
}
