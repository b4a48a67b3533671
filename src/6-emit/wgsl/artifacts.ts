/**
 * A design for WebGPU as files: one text a kernel, and everything a trainer needs besides as JSON.
 * `runtime/read-gpu-bundle.ts` puts them together again, in Node or in a browser.
 */
import type { GeneratedFile } from "../../host/write-generated.js";
import type { Bundle, WgslCode } from "../../runtime/bundle.js";
import { programFile } from "../../runtime/read-gpu-bundle.js";

/** Files below `wgsl/`, in the order of the kernels. */
export function wgslArtifacts(bundle: Bundle & { readonly code: WgslCode }): GeneratedFile[] {
  const texts = bundle.code.wgsl.kernels.map(({ name, code }) => ({ path: `wgsl/${name}.wgsl`, text: code }));
  return [{ path: programFile, text: programJson(bundle) }, ...texts];
}

/** One kernel, buffer or launch a line, so that a change of one is a change of one line. */
function programJson({
  name,
  version,
  design,
  weights,
  buffers: saved,
  code,
}: Bundle & { readonly code: WgslCode }): string {
  const { kernels, buffers, memories, programs, needs } = code.wgsl;
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
    ["needs", JSON.stringify(needs)],
    ["memories", JSON.stringify(memories)],
    ["programs", `[\n${named.join(",\n")}\n ]`],
    ["kernels", list(kernels.map((k) => ({ name: k.name, passes: k.passes })))],
    ["buffers", list(buffers)],
    ["weights", list(weights)],
    ["saved", list(saved)],
  ];
  return `{\n${fields.map(([key, text]) => ` "${key}": ${text}`).join(",\n")}\n}\n`;
}
