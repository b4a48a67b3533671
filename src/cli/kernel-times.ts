/**
 * Times of the kernels of a training step, one launch at a time: the step's launches become programs of their own over
 * the same memory, and are run in order.
 */
import type { KernelPlan } from "../5-plan/plan.js";
import { cpuCode } from "../6-emit/bundle.js";
import { planToC } from "../6-emit/cpu/program.js";
import type { Bundle } from "../runtime/bundle.js";
import type { Engine } from "../runtime/engine.js";
import { openRun, type RunOptions } from "../runtime/run.js";

export interface KernelTime {
  readonly name: string;
  /** per training step */
  readonly launches: number;
  /** milliseconds per training step, all launches together */
  readonly ms: number;
  readonly gflops: number;
}

/** How often the whole step is run launch by launch; the median of each launch counts. */
const rounds = 5;

/** Kernels of the program `train`, the slowest first. */
export async function kernelTimes(
  bundle: Bundle,
  plan: KernelPlan,
  options: RunOptions,
): Promise<readonly KernelTime[]> {
  const { launches } = plan.programs[0]!;
  const alone = launches.map((launch, at) => ({ name: `launch_${at}`, launches: [launch], outputs: {}, workspace: 0 }));
  const programs = [plan.programs[0]!, ...alone];
  const { version, design } = bundle;
  const c = planToC(
    { ...plan, programs },
    { title: "launches", spec: design.spec.path, hash: design.spec.hash, version },
  );
  const single: Bundle = { ...bundle, plan: { ...bundle.plan, programs }, code: cpuCode(c) };
  const run = await openRun(single, options);
  try {
    await run.train();
    return summed(
      plan,
      await timeLaunches(
        run.engine,
        alone.map(({ name }) => name),
      ),
    );
  } finally {
    await run.close();
  }
}

async function timeLaunches(engine: Engine, programs: readonly string[]) {
  const times = programs.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, program] of programs.entries()) {
      const start = performance.now();
      await engine.run(program);
      times[at]!.push(performance.now() - start);
    }
  }
  return times.map((each) => each.sort((a, b) => a - b)[rounds >> 1]!);
}

function summed({ kernels, programs }: KernelPlan, times: readonly number[]): readonly KernelTime[] {
  const byKernel = new Map<number, { launches: number; ms: number }>();
  programs[0]!.launches.forEach(({ kernel }, at) => {
    const { launches, ms } = byKernel.get(kernel) ?? { launches: 0, ms: 0 };
    byKernel.set(kernel, { launches: launches + 1, ms: ms + times[at]! });
  });
  const rows = [...byKernel].map(([id, { launches, ms }]): KernelTime => {
    const { name, flops } = kernels[id]!;
    return { name, launches, ms, gflops: (launches * flops) / ms / 1e6 };
  });
  return rows.sort((a, b) => b.ms - a.ms);
}
