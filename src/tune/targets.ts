/** The devices that strategies can be measured on: what they are called, and how a plan is built and opened there. */
import { FUSION } from "../5-plan/cluster-kinds.js";
import type { KernelPlan } from "../5-plan/plan.js";
import type { PlanOptions } from "../5-plan/plan-programs.js";
import { cpuCode } from "../6-emit/bundle.js";
import { planToC } from "../6-emit/cpu/program.js";
import { planToWgsl } from "../6-emit/wgsl/program.js";
import { version } from "../host/version.js";
import type { Bundle } from "../runtime/bundle.js";
import type { Engine } from "../runtime/engine.js";
import { openEngine } from "../runtime/open-engine.js";

export interface TuneTarget {
  /** what numbers are kept under: the same name promises the same speed */
  readonly name: string;
  readonly planning: PlanOptions;
  readonly build: (plan: KernelPlan, title: string) => Promise<TuneBuild>;
}

export interface TuneBuild {
  /** the kernels */
  readonly text: string;
  readonly open: () => Promise<Engine>;
}

/** The processor of this machine, with as many threads as training would use. */
export async function cpuTuning(threads?: number): Promise<TuneTarget> {
  const { chooseBuild, describe } = await import("../targets/cpu/device.js");
  const { threadCount } = await import("../targets/cpu/threads.js");
  return {
    name: describe(await chooseBuild(), threadCount(threads)),
    planning: { fusion: FUSION.cpu },
    build: async (plan, title) => {
      const code = cpuCode(planToC(plan, from(title)));
      return { text: code.source, open: () => openEngine(bundle(plan, code), { threads }) };
    },
  };
}

/** The GPU of this machine; what products read is stored as the design asks. Errors: MOE5006 without one. */
export async function wgslTuning(compute: "f32" | "f16" = "f32"): Promise<TuneTarget> {
  const { findAdapter } = await import("../targets/wgsl/adapter.js");
  const { profileOf } = await import("../targets/wgsl/device.js");
  const profile = profileOf(await findAdapter());
  return {
    name: `wgsl (${profile.name})`,
    planning: { fusion: FUSION.gpu },
    build: async (plan, title) => {
      const wgsl = planToWgsl(plan, { ...from(title), profile, compute });
      return { text: JSON.stringify(wgsl.kernels), open: () => openEngine(bundle(plan, { wgsl })) };
    },
  };
}

const from = (title: string) => ({ title, spec: "a mixture alone", hash: "", version: version() });

/** An engine needs the plan and the code and nothing else of a bundle. */
const bundle = ({ buffers, programs, memory }: KernelPlan, code: Bundle["code"]): Pick<Bundle, "plan" | "code"> => ({
  plan: { buffers, programs: programs.map(({ name, outputs }) => ({ name, outputs })), memory },
  code,
});
