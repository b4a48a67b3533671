/** Times of whole training steps on whatever device a run is open on. */
import type { KernelPlan } from "../5-plan/plan.js";
import type { Run } from "../runtime/run.js";

export interface StepTimes {
  readonly step_ms: number;
  readonly fastest_ms: number;
  readonly tokens_per_second: number;
  readonly gflops: number;
}

/** Trains two steps to warm up and `steps` that count: the middle one, the fastest, and what that makes a second. */
export async function timeSteps(run: Run, { programs, kernels }: KernelPlan, steps: number): Promise<StepTimes> {
  const flops = programs[0]!.launches.reduce((sum, { kernel }) => sum + kernels[kernel]!.flops, 0);
  // caches, page tables and threads warm up
  for (let i = 0; i < 2; i++) await run.train();
  const times: number[] = [];
  for (let i = 0; i < steps; i++) times.push((await run.train()).milliseconds);
  const sorted = times.sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1]!;
  return {
    step_ms: middle,
    fastest_ms: sorted[0]!,
    tokens_per_second: (1000 * run.tokensPerStep) / middle,
    gflops: flops / middle / 1e6,
  };
}
