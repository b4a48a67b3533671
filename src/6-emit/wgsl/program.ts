/** The whole of a plan for WebGPU: every kernel as a WGSL module, and how programs dispatch them. */
import type { Kernel, KernelPlan } from "../../5-plan/plan.js";
import { portable, type WgslProfile } from "../../targets/wgsl/limits.js";
import type { WgslKernel, WgslNeeds, WgslProgram } from "../../targets/wgsl/program.js";
import { lowerPlan } from "../gpu/lower.js";
import { finishToWgsl, flatToWgsl, rowsToWgsl } from "./elementwise.js";
import { type Layout, layOut } from "./layout.js";
import { matmulToWgsl } from "./matmul.js";
import { outerToWgsl } from "./outer.js";
import { wgslShape } from "./shape.js";
import { specialToWgsl } from "./special.js";
import type { Context, Provenance, WgslText } from "./view.js";

export interface WgslOptions extends Provenance {
  /** what the texts may assume of an adapter; every adapter's minimum if not given */
  readonly profile?: WgslProfile;
}

/** Errors: MOE5007 and MOE5008 for designs that WebGPU cannot hold. */
export function planToWgsl(plan: KernelPlan, options: WgslOptions): WgslProgram {
  const { profile = portable, ...from } = options;
  const lowered = lowerPlan(plan, wgslShape);
  const layout = layOut(lowered, profile);
  const kernels = lowered.kernels.map((kernel, i): WgslKernel => {
    const text = kernelToWgsl(kernel, { profile, choice: layout.choices[i]!, from, chunks: lowered.chunks });
    return { name: kernel.name, ...text };
  });
  return {
    kernels,
    buffers: layout.buffers,
    memories: layout.memories,
    programs: lowered.programs,
    needs: needsOf(kernels, layout),
  };
}

export function kernelToWgsl(kernel: Kernel, context: Context): WgslText {
  switch (kernel.kind) {
    case "rows":
      return rowsToWgsl(kernel, context);
    case "flat":
      return flatToWgsl(kernel, context);
    case "finish":
      return finishToWgsl(kernel, context);
    case "matmul":
      return matmulToWgsl(kernel, context);
    case "outer":
      return outerToWgsl(kernel, context);
    case "special":
      return specialToWgsl(kernel, context);
    default:
      return kernel satisfies never;
  }
}

function needsOf(kernels: readonly WgslKernel[], { buffers, memories }: Layout): WgslNeeds {
  const storage = kernels.flatMap((k) => k.passes.map((p) => p.bindings.filter((b) => b.access !== "uniform").length));
  const parts = kernels.flatMap((k) =>
    k.passes.flatMap((p) => p.bindings.flatMap((b) => (b.of.kind === "param" && b.of.part ? [b.of.part.bytes] : []))),
  );
  const split = parts.length > 0 ? Math.max(...parts) : 0;
  const owner = (memory: number): string => buffers.find((b) => b.memory === memory)?.name ?? "nothing";
  const largest = memories.indexOf(Math.max(...memories));
  const bytes = memories[largest]!;
  const binding = split > 0 && split < bytes ? split : bytes;
  return {
    storageBuffers: Math.max(0, ...storage),
    binding: { bytes: binding, of: owner(largest) },
    buffer: { bytes, of: owner(largest) },
  };
}
