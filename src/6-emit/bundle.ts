/** What of a compilation goes into a trainer: see `runtime/bundle.ts`. */

import type { Design } from "../2-design/design.js";
import { buffersOf, weightsOf } from "../2-design/weights.js";
import type { KernelPlan } from "../5-plan/plan.js";
import { version } from "../host/version.js";
import type { Bundle, CpuBundle, CpuCode, CudaCode, RunPlan, WgslCode } from "../runtime/bundle.js";
import type { CudaProgram } from "../targets/cuda/program.js";
import type { WgslProgram } from "../targets/wgsl/program.js";
import type { CProgram } from "./cpu/program.js";

/** The parts of a compilation that a trainer needs. */
export interface CompiledParts {
  readonly design: Design;
  readonly plan: KernelPlan;
  readonly c: CProgram;
}

/** The bundle of a compiled design; `name` is the spec's file name without its ending. */
export function bundleOf({ design, plan, c }: CompiledParts, name: string): CpuBundle {
  return { ...common(design, plan, name), code: cpuCode(c) };
}

/** The same for the wgsl target. */
export function wgslBundleOf(
  parts: Omit<CompiledParts, "c"> & { readonly wgsl: WgslProgram },
  name: string,
): Bundle & { readonly code: WgslCode } {
  const { design, plan, wgsl } = parts;
  return { ...common(design, plan, name), code: { wgsl } };
}

/** The same for the cuda target. */
export function cudaBundleOf(
  parts: Omit<CompiledParts, "c"> & { readonly cuda: CudaProgram },
  name: string,
): Bundle & { readonly code: CudaCode } {
  const { design, plan, cuda } = parts;
  return { ...common(design, plan, name), code: { cuda } };
}

function common(design: Design, plan: KernelPlan, name: string): Omit<Bundle, "code"> {
  return {
    name,
    version: version(),
    design,
    weights: weightsOf(design),
    buffers: buffersOf(design),
    plan: runPlan(plan),
  };
}

function runPlan({ buffers, programs, memory }: KernelPlan): RunPlan {
  return { buffers, programs: programs.map(({ name, outputs }) => ({ name, outputs })), memory };
}

/** The C of a program and the memory it runs in. */
export function cpuCode({ source, headers, programs, arenaBytes }: CProgram): CpuCode {
  const fixed = arenaBytes(0);
  return { source, headers, programs, arena: { fixed, perThread: arenaBytes(1) - fixed } };
}
