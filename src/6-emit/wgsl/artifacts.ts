/**
 * A design for WebGPU as files: one text a kernel, and everything a trainer needs besides as JSON.
 * `runtime/read-gpu-bundle.ts` puts them together again, in Node or in a browser.
 */
import type { GeneratedFile } from "../../host/write-generated.js";
import type { Bundle, WgslCode } from "../../runtime/bundle.js";
import { programFile } from "../../runtime/read-gpu-bundle.js";
import { listJson, programJson, programsJson } from "../gpu/program-json.js";

/** Files below `wgsl/`, in the order of the kernels. */
export function wgslArtifacts(bundle: Bundle & { readonly code: WgslCode }): GeneratedFile[] {
  const { kernels, buffers, memories, programs, needs } = bundle.code.wgsl;
  const texts = kernels.map(({ name, code }) => ({ path: `wgsl/${name}.wgsl`, text: code }));
  const text = programJson(bundle, [
    ["needs", JSON.stringify(needs)],
    ["memories", JSON.stringify(memories)],
    ["programs", programsJson(programs)],
    ["kernels", listJson(kernels.map(({ code: _, ...k }) => k))],
    ["buffers", listJson(buffers)],
    ["weights", listJson(bundle.weights)],
    ["saved", listJson(bundle.buffers)],
  ]);
  return [{ path: programFile, text }, ...texts];
}
