/**
 * Times of single kernels inside the training step: the generated C built with MOEC_PROFILE, which notes when each
 * launch ended. Native only. The profile itself costs a clock reading per launch.
 */

import { openEngine } from "../dist/src/runtime/open-engine.js";
import { buildNative } from "../dist/src/targets/cpu/build-native.js";
import { chooseBuild } from "../dist/src/targets/cpu/device.js";
import { openNative } from "../dist/src/targets/cpu/device-native.js";
import { barrierSpins } from "../dist/src/targets/cpu/threads.js";
import { median, training } from "./moec.mjs";

/** Launches that the profile has room for. */
const ROOM = 1 << 14;

/** Median seconds of every launch of the training step, in order; undefined where there is no C compiler. */
export async function profile(bundle, plan, steps) {
  const opened = await openProfiled(bundle, plan);
  if (opened === undefined) return undefined;
  try {
    await opened.step();
    const runs = [];
    for (let i = 0; i < steps; i++) runs.push(await opened.step());
    return launchesOf(plan).map((_, i) => median(runs.map((run) => run[i])));
  } finally {
    await opened.close();
  }
}

/**
 * A training step that gives the seconds of each of its launches; undefined where there is no C compiler. With
 * `alone`, one thread runs and its own processor time counts: what others do on the machine then hardly shows.
 */
export async function openProfiled(bundle, plan, alone = false) {
  const { kind, compiler } = await chooseBuild();
  if (kind !== "native") return undefined;
  const clockName = alone ? "#define MOEC_CLOCK CLOCK_THREAD_CPUTIME_ID\n" : "";
  const sources = { ...bundle.code, source: `#define MOEC_PROFILE 1\n${clockName}${bundle.code.source}` };
  const library = await buildNative(sources, compiler);
  const open = (_, { bytes, threads }) =>
    openNative({ library, bytes, threads, spins: barrierSpins("native", threads), description: "profile" });
  const engine = await openEngine(bundle, { open, ...(alone && { threads: 1 }) });
  const [read, train] = [await clock(library), training(engine, bundle)];
  const step = async () => {
    const started = Number(process.hrtime.bigint()) / 1e9;
    await train();
    const seconds = read(launchesOf(plan).length, started);
    // processor time has another beginning than the clock of the step: the first launch is not known
    return alone ? [0, ...seconds.slice(1)] : seconds;
  };
  return { step, engine, description: engine.device.description, close: () => engine.close() };
}

export const launchesOf = (plan) => plan.programs.find(({ name }) => name === "train").launches;

/** Reads the profile of the last run: the seconds of each launch, by the clock that Node reads as well. */
async function clock(library) {
  const { default: koffi } = await import("koffi");
  const ended = koffi.load(library).symbol("moec_ended", "double");
  return (launches, started) => {
    const ends = koffi.decode(ended, koffi.array("double", Math.min(launches, ROOM), "Typed"));
    return Array.from(ends, (end, i) => end - (i === 0 ? started : ends[i - 1]));
  };
}

/**
 * Kernels by the time that all their launches take together. Operations and bytes are the plan's: what the kernel must
 * compute and touch at least once, ragged work as if every edge were kept.
 */
export function byKernel(plan, seconds) {
  const found = new Map();
  launchesOf(plan).forEach(({ kernel, count }, i) => {
    const { name, flops, bytes, kind } = plan.kernels[kernel];
    const before = found.get(name) ?? { name, kind, launches: 0, seconds: 0, flops: 0, bytes: 0 };
    const scale = kind === "flat" && count !== undefined ? scaleOf(plan.kernels[kernel], count) : 1;
    found.set(name, {
      ...before,
      launches: before.launches + 1,
      seconds: before.seconds + seconds[i],
      flops: before.flops + scale * flops,
      bytes: before.bytes + scale * bytes,
    });
  });
  return [...found.values()].sort((a, b) => b.seconds - a.seconds);
}

/** Flat kernels fit any length, and the plan's cost is that of the first launch. */
function scaleOf({ params }, count) {
  const size = Math.max(...params.map(({ dims }) => dims.reduce((product, each) => product * each.size, 1)));
  return count / size;
}
