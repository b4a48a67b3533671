/// <reference types="@webgpu/types" />
/**
 * Training in a browser tab: what a page imports. The same runs, data and tokenizers as in Node, on files in
 * memory and the browser's own GPU; nothing here, nor below, needs Node.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import { DiagnosticError } from "../diagnostics/diagnostic.js";
import { isSoftware, nameOf, openOn } from "../targets/wgsl/open.js";
import type { OpenGpu } from "./open-engine.js";

export { DiagnosticError } from "../diagnostics/diagnostic.js";
export { memoryHost } from "../host/memory.js";
export type { Bundle } from "./bundle.js";
export { generateText } from "./generate-text.js";
export type { Load } from "./load.js";
export type { OpenGpu } from "./open-engine.js";
export { readGpuBundle } from "./read-gpu-bundle.js";
export { openRun, type Run, type Step } from "./run.js";

export interface BrowserGpu {
  /** for `openRun` */
  readonly open: OpenGpu;
  /** one line for people */
  readonly description: string;
  /** calls back when the device is lost: the run is over then */
  readonly onLost: (tell: (reason: string) => void) => void;
}

/** The browser's GPU: `findGpu(navigator.gpu)`. Errors: MOE5006 in browsers without WebGPU or an adapter. */
export async function findGpu(gpu: GPU | undefined): Promise<BrowserGpu> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    const reason = gpu ? "the browser finds no GPU" : "this browser does not have WebGPU";
    throw new DiagnosticError([diagnose("MOE5006", { target: "wgsl", reason })]);
  }
  const software = isSoftware(adapter);
  const description = `${nameOf(adapter)}${software ? ", software" : ""}`;
  const listeners: ((reason: string) => void)[] = [];
  return {
    description,
    open: async (program) => {
      const device = await openOn(program, { adapter, kind: software ? "software" : "gpu", description });
      void device.lost.then((reason) => {
        for (const tell of listeners) tell(reason);
      });
      return device;
    },
    onLost: (tell) => listeners.push(tell),
  };
}
