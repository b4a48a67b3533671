/// <reference types="@webgpu/types" />
/**
 * Opens a WGSL program on an adapter, in Node or in a browser: checks what the program needs against what the adapter
 * allows, asks for exactly that, and turns what WebGPU complains about into diagnostics.
 */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { portable, softwareClass, type WgslProfile } from "./limits.js";
import type { WgslProgram } from "./program.js";
import { openRunner, WgslError, type WgslRunner } from "./runner.js";

export interface WgslDevice extends WgslRunner {
  /** one line for people: `wgsl (NVIDIA RTX 4090)` */
  readonly description: string;
  /** resolves with the reason when the device is lost; never when it is closed */
  readonly lost: Promise<string>;
}

/** An adapter, and what is known of it. */
export interface Adapter {
  readonly adapter: GPUAdapter;
  readonly kind: AdapterKind;
  /** one line for people: `SwiftShader driver 5.0.0, software` */
  readonly description: string;
}

export type AdapterKind = "gpu" | "software";

/** Opens a program on an adapter. Errors: MOE5008, MOE6022. */
export async function openOn(program: WgslProgram, { adapter, description }: Adapter): Promise<WgslDevice> {
  checkNeeds(program, adapter.limits);
  const device = await adapter.requestDevice({ requiredLimits: limitsFor(program, adapter.limits) });
  let closed = false;
  const lost = new Promise<string>((resolve) => {
    void device.lost.then(({ message, reason }) => {
      if (!closed) resolve(`${reason}: ${message}`);
    });
  });
  const runner = await openRunner(device, program).catch((cause: unknown) => {
    closed = true;
    device.destroy();
    throw cause instanceof WgslError ? explain(cause, program) : cause;
  });
  return {
    ...runner,
    description: `wgsl (${description})`,
    lost,
    close: () => {
      closed = true;
      runner.close();
      device.destroy();
    },
  };
}

/** What an adapter's driver calls it. */
export const nameOf = ({ info }: GPUAdapter): string =>
  info.description || [info.vendor, info.architecture, info.device].filter((x) => x !== "").join(" ") || "unnamed";

/** Whether an adapter only pretends to be a GPU. */
export const isSoftware = (adapter: GPUAdapter): boolean =>
  adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|warp/i.test(nameOf(adapter));

/** What kernels may assume of an adapter: its own limits where they are wider than everybody's. */
export function profileOf({ adapter, kind, description }: Adapter): WgslProfile {
  const { limits } = adapter;
  return {
    ...(kind === "software" ? softwareClass : portable),
    name: description,
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
    binding: limits.maxStorageBufferBindingSize,
    buffer: limits.maxBufferSize,
  };
}

function checkNeeds({ needs }: WgslProgram, limits: GPUSupportedLimits): void {
  const check = (what: string, needed: number, limit: number): void => {
    if (needed > limit) throw new DiagnosticError([diagnose("MOE5008", { target: "wgsl", what, needed, limit })]);
  };
  check("a kernel (storage buffers)", needs.storageBuffers, limits.maxStorageBuffersPerShaderStage);
  check(`\`${needs.binding.of}\` (bytes in one binding)`, needs.binding.bytes, limits.maxStorageBufferBindingSize);
  check(`\`${needs.buffer.of}\` (bytes in one GPU buffer)`, needs.buffer.bytes, limits.maxBufferSize);
}

/** No more than the program needs: asking for more can make every kernel slower. */
function limitsFor({ needs }: WgslProgram, limits: GPUSupportedLimits): Record<string, number> {
  const least = (needed: number, fallback: number, limit: number): number =>
    Math.min(limit, Math.max(needed, fallback));
  return {
    maxStorageBuffersPerShaderStage: least(
      needs.storageBuffers,
      portable.storageBuffers,
      limits.maxStorageBuffersPerShaderStage,
    ),
    maxStorageBufferBindingSize: least(needs.binding.bytes, portable.binding, limits.maxStorageBufferBindingSize),
    maxBufferSize: least(needs.buffer.bytes, portable.buffer, limits.maxBufferSize),
  };
}

function explain({ failure }: WgslError, program: WgslProgram): Error {
  if (failure.kind === "validation") {
    return new DiagnosticError([diagnose("MOE9001", { doing: "building WGSL kernels", detail: failure.message })]);
  }
  const needed = program.memories.reduce((a, b) => a + b, 0);
  const help = [
    `the largest tensor is \`${program.needs.buffer.of}\`: ${program.needs.buffer.bytes} bytes`,
    failure.message,
  ];
  return new DiagnosticError([diagnose("MOE6022", { needed, what: "the model's tensors on the GPU" }, { help })]);
}
