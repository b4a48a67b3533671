/**
 * What went wrong first in a training that diverged. The steps since the last good checkpoint are run again, bit for
 * bit the same, by a program that looks at everything each of its launches writes.
 */
import type { Bundle, CpuCode } from "./bundle.js";
import { checkpointSteps, openCheckpoint } from "./checkpoint.js";
import { type Device, ints } from "./device.js";
import { openRun, type RunOptions } from "./run.js";

/** A watched training step, and how to speak of its launches. */
export interface Watch {
  readonly code: CpuCode;
  /** byte of the arena where the notes lie, three words for each launch: an argument, from 1, an element, its value */
  readonly at: number;
  readonly launches: number;
  /** what was written, by which kernel, from which line of the spec */
  readonly describe: (note: WatchNote) => string;
}

/** The first element that a launch wrote and that is not a number. */
export interface WatchNote {
  readonly launch: number;
  readonly argument: number;
  readonly element: number;
  readonly value: number;
}

export interface Replay extends RunOptions {
  /** the run's folder, with its checkpoints */
  readonly folder: string;
  readonly watch: Watch;
}

/** In words, the first tensor that held NaN or infinity up to a step; undefined when none does in the replay. */
export async function findFirstBad(bundle: Bundle, replay: Replay, until: number): Promise<string | undefined> {
  const { host, folder, watch } = replay;
  const good = checkpointSteps(host, folder).at(-1);
  replay.report?.(`running again from step ${good ?? 0}, to see what is not a number first`);
  const from = good === undefined ? undefined : openCheckpoint(host, folder);
  let device: Device | undefined;
  const open = async (_: unknown, size: { bytes: number; threads: number }): Promise<Device> => {
    const { openCpu } = await import("../targets/cpu/device.js");
    device = await openCpu({ ...watch.code, ...size });
    return device;
  };
  const run = await openRun({ ...bundle, code: watch.code }, { ...replay, report: undefined, from, open });
  try {
    // numbers that nobody reads may be anything, in good steps as well
    const usual = new Set<number>();
    while (run.step() < until) {
      const words = ints(device!, watch.at, 3 * watch.launches).fill(0);
      const { diverged } = await run.train();
      const notes = notesIn(words);
      const first = notes.find(({ launch }) => !usual.has(launch));
      if (first && (diverged || run.step() === until)) return `at step ${run.step()}, ${watch.describe(first)}`;
      for (const { launch } of notes) usual.add(launch);
    }
    return undefined;
  } finally {
    await run.close();
  }
}

function notesIn(words: Int32Array): readonly WatchNote[] {
  const values = new Float32Array(words.buffer, words.byteOffset, words.length);
  return Array.from({ length: words.length / 3 }, (_, launch) => launch).flatMap((launch) => {
    const [argument = 0, element = 0] = words.subarray(3 * launch);
    return argument === 0 ? [] : [{ launch, argument: argument - 1, element, value: values[3 * launch + 2]! }];
  });
}
