/**
 * A design for NVIDIA GPUs as files: the text of all kernels with what it includes, and as JSON how it is launched.
 * `nvcc -c model.cu` is all it takes to build it; `emulate.cpp` runs the same text without a GPU.
 */
import type { GeneratedFile } from "../../host/write-generated.js";
import type { Bundle, CudaCode } from "../../runtime/bundle.js";
import { listJson, programJson, programsJson } from "../gpu/program-json.js";

/** Files below `cuda/`. */
export function cudaArtifacts(bundle: Bundle & { readonly code: CudaCode }): GeneratedFile[] {
  const { source, headers, kernels, buffers, programs, arena, tier } = bundle.code.cuda;
  const text = programJson(bundle, [
    ["tier", JSON.stringify(tier)],
    ["arena", JSON.stringify(arena)],
    ["programs", programsJson(programs)],
    ["kernels", listJson(kernels)],
    ["buffers", listJson(buffers)],
  ]);
  return [
    { path: "cuda/model.cu", text: source },
    ...Object.entries(headers).map(([name, each]) => ({ path: `cuda/${name}`, text: each })),
    { path: "cuda/program.json", text },
  ];
}
