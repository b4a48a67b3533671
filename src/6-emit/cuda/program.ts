/** The whole of a plan for NVIDIA GPUs: every kernel in one CUDA C++ text, and how programs launch them. */
import type { Kernel, KernelPlan } from "../../5-plan/plan.js";
import type { CudaKernel, CudaProgram } from "../../targets/cuda/program.js";
import { lowerPlan } from "../gpu/lower.js";
import type { GpuShape } from "../gpu/shape.js";
import { fill, readTemplate } from "../templates.js";
import { finishToCuda, flatToCuda } from "./flat.js";
import { layOut } from "./layout.js";
import { matmulToCuda, outerToCuda } from "./matmul.js";
import { rowsToCuda } from "./rows.js";
import { SORT_CHUNK_OF_WARP, specialToCuda } from "./special.js";
import type { Context, CudaText } from "./view.js";

export interface CudaOptions {
  /** name of the model, for people */
  readonly title: string;
  readonly spec: string;
  readonly hash: string;
  readonly version: string;
}

const shape: GpuShape = {
  tileRows: 64,
  sortChunk: SORT_CHUNK_OF_WARP,
  mostChunks: (size) => (size <= 8192 ? 1024 : size <= 65_536 ? 256 : 64),
};

/** Errors: MOE5007 and MOE5008 for designs that the target cannot hold. */
export function planToCuda(plan: KernelPlan, options: CudaOptions): CudaProgram {
  const lowered = lowerPlan(plan, shape);
  const layout = layOut(lowered);
  const texts = lowered.kernels.map((kernel) =>
    kernelToCuda(kernel, { chunks: lowered.chunks, tileRows: shape.tileRows, halves: new Set(), tensor: false }),
  );
  const kernels = lowered.kernels.map(({ name }, i): CudaKernel => ({ name, passes: texts[i]!.passes }));
  const entries = kernels.flatMap((k) => k.passes.map((p) => p.entry));
  return {
    source: `${fill("cuda/head.cu", options)}${texts.map((t) => t.text).join("\n\n")}\n`,
    headers: {
      "device.cuh": readTemplate("cuda/device.cuh"),
      "emulate.h": readTemplate("cuda/emulate.h"),
      "emulate.cpp": fill("cuda/emulate.cpp", { ...options, entries }),
    },
    kernels,
    buffers: layout.buffers,
    arena: layout.arena,
    programs: lowered.programs,
  };
}

function kernelToCuda(kernel: Kernel, context: Context): CudaText {
  switch (kernel.kind) {
    case "rows":
      return rowsToCuda(kernel, context);
    case "flat":
      return flatToCuda(kernel, context);
    case "finish":
      return finishToCuda(kernel, context);
    case "matmul":
      return matmulToCuda(kernel, context);
    case "outer":
      return outerToCuda(kernel, context);
    case "special":
      return specialToCuda(kernel, context);
    default:
      return kernel satisfies never;
  }
}
