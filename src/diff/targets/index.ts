/** The targets whose kernels are compared, by hand: a target is a file and a line here. */
import { cpuKernels } from "./cpu.js";
import { cudaKernels } from "./cuda.js";
import type { KernelTarget } from "./kernel-target.js";
import { wgslKernels } from "./wgsl.js";

export const kernelTargets: readonly KernelTarget[] = [cpuKernels, wgslKernels, cudaKernels];

/** A target by name; the cpu target for names that have none. */
export function kernelTarget(name: string): KernelTarget {
  return kernelTargets.find((target) => target.name === name) ?? cpuKernels;
}
