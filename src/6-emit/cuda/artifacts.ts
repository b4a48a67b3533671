/**
 * A design for NVIDIA GPUs as files: the text of all kernels with what it includes, and as JSON how it is launched.
 * `nvcc -c model.cu` is all it takes to build it; `emulate.cpp` runs the same text without a GPU.
 */
import type { GeneratedFile } from "../../host/write-generated.js";
import type { Bundle, CudaCode } from "../../runtime/bundle.js";

/** Files below `cuda/`. */
export function cudaArtifacts(bundle: Bundle & { readonly code: CudaCode }): GeneratedFile[] {
  const { source, headers } = bundle.code.cuda;
  return [
    { path: "cuda/model.cu", text: source },
    ...Object.entries(headers).map(([name, text]) => ({ path: `cuda/${name}`, text })),
    { path: "cuda/program.json", text: programJson(bundle) },
  ];
}

/** One kernel, buffer or launch a line, so that a change of one is a change of one line. */
function programJson({ name, version, design, code }: Bundle & { readonly code: CudaCode }): string {
  const { kernels, buffers, programs, arena } = code.cuda;
  const list = (values: readonly unknown[]): string =>
    `[\n${values.map((v) => `  ${JSON.stringify(v)}`).join(",\n")}\n ]`;
  const named = programs.map((p) => {
    const rows = p.launches.map((l) => `   ${JSON.stringify(l)}`).join(",\n");
    return `  {"name": ${JSON.stringify(p.name)}, "outputs": ${JSON.stringify(p.outputs)}, "launches": [\n${rows}\n  ]}`;
  });
  const fields = [
    ["generated_by", JSON.stringify(`moec ${version}`)],
    ["name", JSON.stringify(name)],
    ["spec", JSON.stringify(design.spec)],
    ["arena", JSON.stringify(arena)],
    ["programs", `[\n${named.join(",\n")}\n ]`],
    ["kernels", list(kernels)],
    ["buffers", list(buffers)],
  ];
  return `{\n${fields.map(([key, text]) => ` "${key}": ${text}`).join(",\n")}\n}\n`;
}
