/**
 * How fast a kernel can be at most on a named GPU: its operations over the rate of the units that do them, its bytes over
 * the bandwidth of memory, whichever takes longer. A roof, not a prediction: nothing here was measured.
 */
import type { CudaProfile } from "./profiles.js";
import type { CudaKernel } from "./program.js";

export interface Estimate {
  readonly microseconds: number;
  readonly bound: "arithmetic" | "memory";
}

export function estimate(
  { flops, bytes, tensor }: Pick<CudaKernel, "flops" | "bytes" | "tensor">,
  gpu: CudaProfile,
): Estimate {
  const arithmetic = flops / (tensor ? gpu.bf16 : gpu.f32);
  const memory = bytes / gpu.bandwidth;
  return { microseconds: 1e6 * Math.max(arithmetic, memory), bound: arithmetic > memory ? "arithmetic" : "memory" };
}
