/** The whole of a plan for WebGPU: every kernel as a WGSL module, and how programs dispatch them. */
import type { Kernel, KernelPlan } from "../../5-plan/plan.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { portable, type WgslProfile } from "../../targets/wgsl/limits.js";
import { POOL, type WgslKernel, type WgslNeeds, type WgslProgram } from "../../targets/wgsl/program.js";
import { lowerPlan } from "../gpu/lower.js";
import { storedBytes } from "../gpu/precision.js";
import { finishToWgsl, flatToWgsl, rowsToWgsl } from "./elementwise.js";
import { type Layout, layOut } from "./layout.js";
import { matmulToWgsl } from "./matmul.js";
import { outerToWgsl } from "./outer.js";
import { shadowKernel } from "./shadow.js";
import { wgslShape } from "./shape.js";
import { specialToWgsl } from "./special.js";
import { inHalves, inWhole, type Stored } from "./stored.js";
import { type Context, EXTENSIONS, type Provenance, type WgslText } from "./view.js";

export interface WgslOptions extends Provenance {
  /** what the texts may assume of an adapter; every adapter's minimum if not given */
  readonly profile?: WgslProfile;
  /** what weights and activations that products read are stored in; f32 if not given */
  readonly compute?: "f32" | "f16";
}

/** Errors: MOE5007 and MOE5008 for designs that WebGPU cannot hold. */
export function planToWgsl(plan: KernelPlan, options: WgslOptions): WgslProgram {
  const { profile = portable, compute = "f32", ...from } = options;
  const lowered = lowerPlan(plan, wgslShape);
  const stored = compute === "f16" ? inHalves(lowered, profile) : inWhole(lowered, profile);
  const layout = layOut(stored, profile);
  const kernels = stored.kernels.map((kernel, i): WgslKernel => {
    const text = kernelToWgsl(kernel, { profile, choice: layout.choices[i]!, from, chunks: stored.chunks });
    return { name: kernel.name, ...text, flops: kernel.flops, bytes: storedBytes(kernel, stored.halves[i]!) };
  });
  kernels.push(...stored.shadows.map((shadow, i) => shadowKernel(shadow, i, { profile, from })));
  const needs = needsOf(kernels, layout, stored);
  checkNeeds(needs, profile);
  return { kernels, buffers: layout.buffers, memories: layout.memories, programs: stored.programs, needs };
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

/** The largest of what the program's passes bind and of its memories, and whose it is. */
function needsOf(kernels: readonly WgslKernel[], { buffers, memories }: Layout, { programs }: Stored): WgslNeeds {
  const storage = kernels.flatMap((k) => k.passes.map((p) => p.bindings.filter((b) => b.access !== "uniform").length));
  const owner = (memory: number): string =>
    largest(buffers.filter((b) => b.memory === memory).map(({ bytes, name }) => ({ bytes, of: name }))).of;
  const bound = programs.flatMap(({ launches }) =>
    launches.flatMap(({ kernel, args }) =>
      kernels[kernel]!.passes.flatMap((p) =>
        p.bindings.flatMap(({ of }): Bound[] => {
          if (of.kind === "pool") return [{ bytes: memories[POOL]!, of: "small tensors together" }];
          if (of.kind === "places") return [];
          const { name, bytes } = buffers[args[of.param]!]!;
          return [{ bytes: of.part?.bytes ?? bytes, of: name }];
        }),
      ),
    ),
  );
  const memory = memories.map((bytes, i) => ({ bytes, of: i === POOL ? "small tensors together" : owner(i) }));
  const features = EXTENSIONS.filter(({ line }) => kernels.some((k) => k.code.includes(line))).map((e) => e.feature);
  return {
    storageBuffers: Math.max(0, ...storage),
    binding: largest(bound),
    buffer: largest(memory),
    ...(features.length > 0 && { features }),
  };
}

type Bound = WgslNeeds["binding"];

const largest = (all: readonly Bound[]): Bound =>
  all.reduce((most, each) => (each.bytes > most.bytes ? each : most), { bytes: 0, of: "nothing" });

/** A program for a profile stays within it. Errors: MOE5008 with what is needed and what there is. */
function checkNeeds({ storageBuffers, binding, buffer }: WgslNeeds, profile: WgslProfile): void {
  const check = (what: string, needed: number, limit: number): void => {
    if (needed > limit) throw new DiagnosticError([diagnose("MOE5008", { target: "wgsl", what, needed, limit })]);
  };
  check("a kernel (storage buffers)", storageBuffers, profile.storageBuffers);
  check(`\`${binding.of}\` (bytes in one binding)`, binding.bytes, profile.binding);
  check(`\`${buffer.of}\` (bytes in one GPU buffer)`, buffer.bytes, profile.buffer);
}
