/** Launches that are not waited for: nothing touches what they write, but the thread that wrote it. */
import { expect, it } from "vitest";
import type { KernelPlan, Launch } from "../../src/5-plan/plan.js";
import { planPrograms } from "../../src/5-plan/plan-programs.js";
import { graphsOf } from "../../src/pipeline.js";
import { designCases, designOf } from "../numerics/designs.js";

const { spec, set } = designCases[0]!;
const design = designOf(spec, set);

function planOf(programs: readonly ("train" | "decode" | "prefill")[], batch: number): KernelPlan {
  const { graphs } = graphsOf(design, { batch, programs });
  return planPrograms(graphs as Required<typeof graphs>, { fusion: { hotRow: 65_536 } });
}

/** Whether one writes what the other touches. */
function meet({ kernels, buffers }: KernelPlan, a: Launch, b: Launch): boolean {
  const touched = ({ kernel, args }: Launch) =>
    args.map((id, i) => {
      const { offset, bytes } = buffers[id]!;
      return { from: offset, to: offset + bytes, writes: kernels[kernel]!.params[i]!.access !== "read" };
    });
  return touched(a).some((x) => touched(b).some((y) => (x.writes || y.writes) && x.from < y.to && y.from < x.to));
}

/** Pairs of launches without a wait between them that meet, and are not the same thread's. */
function races(plan: KernelPlan): readonly string[] {
  return plan.programs.flatMap(({ launches }) => {
    let open: Launch[] = [];
    return launches.flatMap((launch) => {
      const wrong = open.filter(
        (before) => meet(plan, before, launch) && (before.turn === undefined || before.turn !== launch.turn),
      );
      open = launch.wait ? [] : [...open, launch];
      return wrong.map((before) => `${plan.kernels[before.kernel]!.name} and ${plan.kernels[launch.kernel]!.name}`);
    });
  });
}

it("no two threads meet in training, in prompts, or in steps of one and of two sequences", () => {
  expect(races(planOf(["train"], 2))).toEqual([]);
  expect(races(planOf(["decode", "prefill"], 1))).toEqual([]);
  expect(races(planOf(["decode"], 2))).toEqual([]);
});

it("a step of one sequence waits for less than it launches", () => {
  const { launches } = planOf(["decode"], 1).programs[0]!;
  const waits = launches.filter(({ wait }) => wait).length;
  expect(waits / launches.length).toBeLessThan(0.7);
  expect(launches.at(-1)!.wait).toBe(true);
});
