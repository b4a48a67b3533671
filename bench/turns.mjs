/**
 * Variants of one design whose training steps are run in turns, so that what else the machine does falls on all of them:
 * opening them, timing their launches, and what can be said of the ratios.
 */
import { bundleOf } from "../dist/src/6-emit/bundle.js";
import { compileSpec } from "../dist/src/pipeline.js";
import { launchesOf, openProfiled } from "./kernels.mjs";
import { median } from "./moec.mjs";

/** Launches, operations, bytes and seconds of the launches that a stage consists of. */
export function sums(plan, seconds, of) {
  const rows = launchesOf(plan).map((launch, i) => ({
    launch,
    kernel: plan.kernels[launch.kernel],
    time: seconds?.[i],
  }));
  const mine = rows.filter(({ kernel, launch }) => of(kernel, launch));
  const sum = (f) => mine.reduce((all, row) => all + f(row), 0);
  return {
    launches: mine.length,
    mflop: sum(({ kernel }) => kernel.flops) / 1e6,
    mb: sum(({ kernel }) => kernel.bytes) / 1e6,
    ms: 1e3 * sum(({ time }) => time ?? 0),
  };
}

/** One variant, ready to run: single launches are timed, by the processor time of one thread. */
export async function open(text, { name, options }) {
  const { compiled, diagnostics } = compileSpec({ path: "bench.moe", text }, { ...options, programs: ["train"] });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  const profiled = await openProfiled(bundleOf(compiled, "bench"), compiled.plan, true);
  if (profiled === undefined)
    throw new Error("single launches are timed in native code: this machine has no C compiler");
  return { name, plan: compiled.plan, choice: compiled.choices[0], ...profiled };
}

/** Every variant once a round, every other round in the opposite order; the first round is not counted. */
export async function takeTurns(variants, rounds) {
  const times = variants.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    const order = [...variants.keys()];
    for (const i of round % 2 === 0 ? order : order.reverse()) {
      const seconds = await variants[i].step();
      if (round > 0) times[i].push(seconds);
    }
  }
  return times;
}

/** The median and where 95 % of the medians of resampled rounds lie; the same numbers give the same interval. */
export function interval(ratios) {
  let state = 1;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ratios[Math.floor((state / 2 ** 32) * ratios.length)];
  };
  const medians = Array.from({ length: 1000 }, () => median(ratios.map(draw))).sort((a, b) => a - b);
  return { middle: median(ratios), low: medians[25], high: medians[974] };
}
