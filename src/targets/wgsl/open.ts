/// <reference types="@webgpu/types" />
/**
 * Opens a WGSL program on an adapter, in Node or in a browser: checks what the program needs against what the adapter
 * allows, asks for exactly that, and turns what WebGPU complains about into diagnostics.
 */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { DeviceLost } from "../../runtime/device-lost.js";
import { type MatrixShape, portable, softwareClass, type WgslProfile } from "./limits.js";
import { MATRICES, type WgslProgram } from "./program.js";
import { openRunner, WgslError, type WgslRunner } from "./runner.js";

export interface WgslDevice extends WgslRunner {
  /** one line for people: `wgsl (NVIDIA RTX 4090)` */
  readonly description: string;
  /** resolves with the reason when the device is lost; never when it is closed */
  readonly lost: Promise<string>;
  /** the device itself */
  readonly gpu: GPUDevice;
}

/** An adapter, and what is known of it. */
export interface Adapter {
  readonly adapter: GPUAdapter;
  readonly kind: AdapterKind;
  /** one line for people: `SwiftShader driver 5.0.0, software` */
  readonly description: string;
}

export type AdapterKind = "gpu" | "software";

/** Opens a program on an adapter. Runs and reads throw DeviceLost once it is lost. Errors: MOE5008, MOE6022. */
export async function openOn(program: WgslProgram, { adapter, description }: Adapter): Promise<WgslDevice> {
  checkNeeds(program, adapter);
  const device = await adapter.requestDevice({
    requiredLimits: limitsFor(program, adapter.limits),
    requiredFeatures: [...(program.needs.features ?? [])] as GPUFeatureName[],
  });
  let closed = false;
  const lost = new Promise<string>((resolve) => {
    void device.lost.then(({ message, reason }) => {
      if (!closed) resolve(`${reason}: ${message}`);
    });
  });
  const runner = await openRunner(device, program).catch((cause: unknown) => {
    closed = true;
    device.destroy();
    throw cause instanceof WgslError ? explain(cause, program, adapter.limits) : cause;
  });
  const watched = watchLoss(lost);
  return {
    ...runner,
    description: `wgsl (${description})`,
    lost,
    gpu: device,
    run: (number) => watched(runner.run(number)),
    read: (buffers) => watched(runner.read(buffers)),
    close: () => {
      closed = true;
      runner.close();
      device.destroy();
    },
  };
}

/** Milliseconds after a failure in which the device may still say that it is lost. */
const GRACE = 500;

/** Work of a device that is lost fails, or seems to succeed; either way it must not count. */
function watchLoss(lost: Promise<string>): <T>(work: Promise<T>) => Promise<T> {
  let reason: string | undefined;
  void lost.then((said) => {
    reason = said;
  });
  return async (work) => {
    const result = await work.catch(async (cause: unknown) => {
      const wait = new Promise<undefined>((done) => setTimeout(done, GRACE, undefined));
      reason ??= await Promise.race([lost, wait]);
      throw reason === undefined ? cause : new DeviceLost(reason);
    });
    if (reason !== undefined) throw new DeviceLost(reason);
    return result;
  };
}

/** What an adapter's driver calls it. */
export const nameOf = ({ info }: GPUAdapter): string =>
  info.description || [info.vendor, info.architecture, info.device].filter((x) => x !== "").join(" ") || "unnamed";

/** Whether an adapter only pretends to be a GPU. */
export const isSoftware = (adapter: GPUAdapter): boolean =>
  adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|warp/i.test(nameOf(adapter));

/** How 16 bits are spelled in kernels for an adapter. */
export const halvesFor = ({ features }: GPUAdapter): WgslProfile["halves"] =>
  features.has("shader-f16") ? "f16" : "packed";

/** Matrices of subgroups as an adapter offers them; nothing where the size of a subgroup is not known beforehand. */
function matricesOf({ features, info }: GPUAdapter): Pick<WgslProfile, "matrices"> {
  const { subgroupMatrixConfigs: offered = [], subgroupMinSize: lanes, subgroupMaxSize: most } = info as MatrixInfo;
  if (!(features as ReadonlySet<string>).has(MATRICES) || lanes === undefined || lanes !== most) return {};
  const shapes = offered.flatMap(({ componentType: component, resultComponentType, M, N, K }): MatrixShape[] =>
    resultComponentType === "f32" && (component === "f16" || component === "f32")
      ? [{ component, rows: M, columns: N, steps: K }]
      : [],
  );
  return shapes.length > 0 ? { matrices: { lanes, shapes } } : {};
}

/** What Dawn says of an adapter besides what the specification knows. */
type MatrixInfo = GPUAdapterInfo & {
  readonly subgroupMatrixConfigs?: readonly {
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }[];
};

/** What kernels may assume of an adapter: its own limits where they are wider than everybody's. */
export function profileOf({ adapter, kind, description }: Adapter): WgslProfile {
  const { limits, features } = adapter;
  return {
    ...(kind === "software" ? softwareClass : portable),
    name: description,
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
    binding: limits.maxStorageBufferBindingSize,
    buffer: limits.maxBufferSize,
    subgroups: features.has("subgroups"),
    halves: halvesFor(adapter),
    ...matricesOf(adapter),
  };
}

function checkNeeds({ needs }: WgslProgram, { limits, features }: GPUAdapter): void {
  for (const feature of needs.features ?? []) {
    if ((features as ReadonlySet<string>).has(feature)) continue;
    const what = `kernels that use \`${feature}\`, which this adapter does not have`;
    throw new DiagnosticError([diagnose("MOE5007", { target: "wgsl", what })]);
  }
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

function explain({ failure }: WgslError, program: WgslProgram, limits: GPUSupportedLimits): Error {
  if (failure.kind === "validation") {
    return new DiagnosticError([diagnose("MOE9001", { doing: "building WGSL kernels", detail: failure.message })]);
  }
  const needed = program.memories.reduce((a, b) => a + b, 0);
  const help = [
    `the largest tensor is \`${program.needs.buffer.of}\`: ${program.needs.buffer.bytes} bytes`,
    `one GPU buffer may hold ${limits.maxBufferSize} bytes here; how much there is in all a GPU does not tell`,
    failure.message,
  ];
  return new DiagnosticError([diagnose("MOE6022", { needed, what: "the model's tensors on the GPU" }, { help })]);
}
