/** The text of one kernel on each target that has one. */

import type { Kernel, KernelPlan } from "../5-plan/plan.js";
import { kernelToC } from "../6-emit/cpu/program.js";

/** Targets whose kernels have a text, by name. */
const printers: Readonly<Record<string, (kernel: Kernel) => string>> = {
  cpu: (kernel) => kernelToC(kernel).text,
};

export const textTargets: readonly string[] = Object.keys(printers);

/** The text of a kernel by its name in the plan; undefined where the plan has no such kernel. */
export function kernelText(plan: KernelPlan, name: string, target: string): string | undefined {
  const kernel = plan.kernels.find((each) => each.name === name);
  return kernel && printers[target]?.(kernel).trim();
}
