/** Opens a compiled design on the device its code is for: the one place that knows which targets there are engines for. */
import type { CudaProgram } from "../targets/cuda/program.js";
import type { WgslProgram } from "../targets/wgsl/program.js";
import { arenaBytes, type Bundle, type CpuCode } from "./bundle.js";
import type { Device } from "./device.js";
import type { Engine } from "./engine.js";
import { cpuEngine } from "./engine-cpu.js";
import { gpuEngine, type OpenedGpu } from "./engine-gpu.js";

export interface EngineOptions {
  readonly threads?: number | undefined;
  /** told what is being done, one line each */
  readonly log?: ((line: string) => void) | undefined;
  /** how a device is opened; the cpu target unless a test brings its own */
  readonly open?: OpenDevice | undefined;
  /** how a WGSL program is opened; on this machine's GPU unless a browser brings its own */
  readonly gpu?: OpenGpu | undefined;
}

export type OpenGpu = (program: WgslProgram, options: EngineOptions) => Promise<OpenedGpu>;

export type OpenDevice = (
  bundle: Pick<Bundle, "plan" | "code">,
  options: { readonly bytes: number; readonly threads: number },
) => Promise<Device>;

/** Builds the programs (or takes them from the cache) and opens them; MOE6022 when they do not fit into memory. */
export async function openEngine(bundle: Pick<Bundle, "plan" | "code">, options: EngineOptions = {}): Promise<Engine> {
  const { plan, code } = bundle;
  // targets are loaded when they are used: a browser has no C compiler, and most machines no GPU
  if ("wgsl" in code) return gpuEngine(plan, await (options.gpu ?? openGpu)(code.wgsl, options), code.wgsl.buffers);
  if ("cuda" in code) return gpuEngine(plan, await openNvidia(code.cuda, options), code.cuda.buffers);
  const { threadCount } = await import("../targets/cpu/threads.js");
  const threads = threadCount(options.threads);
  const bytes = arenaBytes(code, threads);
  const open: OpenDevice = options.open ?? ((_, size) => openNative(code, size, options));
  return cpuEngine(plan, code, await open(bundle, { bytes, threads }), bytes);
}

async function openNative(
  { source, headers }: CpuCode,
  size: { bytes: number; threads: number },
  options: EngineOptions,
) {
  const { openCpu } = await import("../targets/cpu/device.js");
  return openCpu({ source, headers, ...size, log: options.log ?? (() => {}) });
}

async function openNvidia(program: CudaProgram, { log }: EngineOptions): Promise<OpenedGpu> {
  const { openCuda } = await import("../targets/cuda/device.js");
  const device = await openCuda(program);
  log?.(device.description);
  return device;
}

async function openGpu(program: WgslProgram, { log }: EngineOptions): Promise<OpenedGpu> {
  const { openWgsl } = await import("../targets/wgsl/device.js");
  const device = await openWgsl(program);
  log?.(device.description);
  return device;
}
