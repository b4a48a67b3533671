/**
 * `moec explain FILE --stage plan --target cuda`: what every kernel takes of a multiprocessor and how fast it can be at
 * most on a named GPU, so that designs can be compared without having one.
 */
import type { Design } from "../2-design/design.js";
import { compileCuda } from "../pipeline.js";
import { estimate } from "../targets/cuda/estimate.js";
import { occupancyOf } from "../targets/cuda/occupancy.js";
import type { CudaProfile } from "../targets/cuda/profiles.js";
import type { CudaKernel, CudaProgram, CudaProgramPlan } from "../targets/cuda/program.js";
import type { KernelUse } from "../targets/cuda/ptxas.js";
import { kernelUses } from "../targets/cuda/uses.js";
import { type DispatchFlags, dispatchWishes } from "./flags.js";
import { gpuNamed } from "./gpu-named.js";

/** Errors: MOE6021 for a GPU that is not known, MOE5007 and MOE5008 of the compilation. */
export async function explainCuda(design: Design, device: string, flags: DispatchFlags): Promise<string> {
  const gpu = gpuNamed(device);
  const { cuda } = compileCuda(design, dispatchWishes(flags), gpu.tier);
  const uses = await kernelUses(cuda, gpu.capability);
  const head = [
    `kernels for ${gpu.name}: compute capability ${gpu.capability / 10}, ${gpu.multiprocessors} multiprocessors, ` +
      `${(gpu.bf16 / 1e12).toFixed(0)} TFLOP/s bf16, ${(gpu.f32 / 1e12).toFixed(0)} f32, ${(gpu.bandwidth / 1e12).toFixed(2)} TB/s`,
    cuda.tier === "hopper"
      ? "written for Hopper (sm_90a): products by warpgroups (wgmma) and the copy engine, where they fit"
      : "written for every GPU since compute capability 8.0",
    `memory: ${(cuda.arena / 1e6).toFixed(1)} MB`,
    uses
      ? "registers and shared memory as nvcc says"
      : "registers are not known: there is no nvcc here, or it does not know this GPU",
    "at most: operations over the rate, bytes over the bandwidth, whichever is longer; a roof, nothing was measured",
  ];
  return [...head, ...cuda.programs.flatMap((p) => ["", ...programLines(cuda, p, gpu, uses)]), ""].join("\n");
}

type Uses = ReadonlyMap<string, KernelUse> | undefined;

/** What makes a kernel's products. */
function unitsOf({ tensor, whyPortable, whyPlain, passes }: CudaKernel, tier: CudaProgram["tier"]): string {
  if (!tensor) return whyPlain === undefined ? "" : `, without tensor cores: ${whyPlain}`;
  if (tier === "portable") return ", tensor cores";
  if (whyPortable === undefined) return passes.some((p) => p.maps) ? ", wgmma" : ", tensor cores (mma.sync)";
  return `, tensor cores (mma.sync: ${whyPortable})`;
}

function programLines(
  { kernels, tier }: CudaProgram,
  program: CudaProgramPlan,
  gpu: CudaProfile,
  uses: Uses,
): string[] {
  const counts = new Map<number, number>();
  for (const { kernel } of program.launches) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  const rows = [...counts].map(([id, count]) => ({ kernel: kernels[id]!, count, roof: estimate(kernels[id]!, gpu) }));
  const together = rows.reduce((sum, r) => sum + r.count * r.roof.microseconds, 0);
  const width = Math.max(...rows.map((r) => r.kernel.name.length));
  rows.sort((a, b) => b.count * b.roof.microseconds - a.count * a.roof.microseconds);
  return [
    `program ${program.name}: ${program.launches.length} launches, at most ${(1e6 / together).toFixed(0)} runs a second`,
    ...rows.flatMap(({ kernel, count, roof }) => [
      `  ${kernel.name.padEnd(width)} ${String(count).padStart(3)}× ${roof.microseconds.toFixed(1).padStart(8)} µs, ` +
        `${roof.bound}${unitsOf(kernel, tier)}`,
      ...(kernel.schedule === undefined ? [] : [`      ${kernel.schedule}`]),
      ...passLines(kernel, gpu, uses),
    ]),
  ];
}

function passLines({ passes, name }: CudaKernel, gpu: CudaProfile, uses: Uses): string[] {
  return passes.map(({ entry, threads, shared }) => {
    const use = uses?.get(entry);
    const label = entry === name ? "" : `${entry.slice(name.length + 1)}: `;
    if (!use) return `      ${label}${threads} threads, ${shared} bytes of shared memory at launch`;
    const all = use.shared + shared;
    const { blocks, share, limit } = occupancyOf({ threads, registers: use.registers, shared: all }, gpu);
    const spills = use.spills > 0 ? `, ${use.spills} bytes of spills` : "";
    return (
      `      ${label}${threads} threads, ${use.registers} registers, ${all} bytes of shared memory${spills}: ` +
      `${blocks} blocks a multiprocessor, ${(100 * share).toFixed(0)} % occupied, limited by ${limit}`
    );
  });
}
