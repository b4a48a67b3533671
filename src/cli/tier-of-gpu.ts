/** Which tier of CUDA kernels this machine's GPU runs; its driver is loaded only when somebody asks. */
import type { Tier } from "../targets/cuda/program.js";

/** What kernels for this machine's NVIDIA GPU are written for. Errors: MOE5006 without one that is new enough. */
export async function tierOfGpu(): Promise<Tier> {
  const { findGpu, tierOf } = await import("../targets/cuda/device.js");
  return tierOf((await findGpu()).fact.capability);
}
