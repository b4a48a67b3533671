/**
 * What went wrong first in a training that diverged, on any target. The steps since the last good checkpoint are run
 * again, bit for bit the same; the last of them launch by launch, and after each launch the host looks at everything it
 * has written.
 */
import type { Bundle } from "./bundle.js";
import { checkpointSteps, openCheckpoint } from "./checkpoint.js";
import type { Engine } from "./engine.js";
import { openRun, type RunOptions } from "./run.js";

/** A design whose training step can also be run launch by launch. */
export interface Watch {
  readonly bundle: Bundle;
  /** in order; together they are the program `train`, and the last gives what that gives */
  readonly launches: readonly WatchedLaunch[];
}

export interface WatchedLaunch {
  /** the program that does nothing else */
  readonly program: string;
  /** buffers of the plan that it writes numbers to */
  readonly writes: readonly number[];
  /** what was written, by which kernel, from which line of the spec */
  readonly describe: (note: WatchNote) => string;
}

/** The first element that a launch wrote and that is not a number. */
export interface WatchNote {
  readonly buffer: number;
  readonly element: number;
  readonly value: number;
}

export interface Replay extends RunOptions {
  /** the run's folder, with its checkpoints */
  readonly folder: string;
  readonly watch: Watch;
}

/** In words, the first tensor that held NaN or infinity up to a step; undefined when none does in the replay. */
export async function findFirstBad(replay: Replay, until: number): Promise<string | undefined> {
  const { host, folder, watch } = replay;
  const good = checkpointSteps(host, folder).at(-1);
  replay.report?.(`running again from step ${good ?? 0}, to see what is not a number first`);
  const from = good === undefined ? undefined : openCheckpoint(host, folder);
  const watcher = watching(watch.launches);
  const run = await openRun(watch.bundle, { ...replay, report: undefined, from, wrap: watcher.wrap });
  try {
    // numbers that nobody reads may be anything, in the good step before as well
    const usual = new Set<number>();
    while (run.step() < until) {
      const notes = watcher.from(run.step() >= until - 2);
      const { diverged } = await run.train();
      const first = [...notes].find(([launch]) => !usual.has(launch));
      if (first && (diverged || run.step() === until))
        return `at step ${run.step()}, ${watch.launches[first[0]]!.describe(first[1])}`;
      for (const launch of notes.keys()) usual.add(launch);
    }
    return undefined;
  } finally {
    await run.close();
  }
}

type Notes = Map<number, WatchNote>;

/** Puts an engine's training steps under watch, from when it is told to. */
function watching(launches: readonly WatchedLaunch[]) {
  let notes: Notes | undefined;
  const last = launches.at(-1)!.program;
  const wrap = (engine: Engine): Engine => {
    const given = (program: string): string => (notes !== undefined && program === "train" ? last : program);
    return {
      ...engine,
      run: async (program, results) => {
        if (notes === undefined || program !== "train") return engine.run(program, results);
        for (const [i, launch] of launches.entries()) {
          await engine.run(launch.program, results);
          const note = firstOf(launch, await engine.look(launch.writes));
          if (note) notes.set(i, note);
        }
      },
      output: (program, name) => engine.output(given(program), name),
      result: (program, name) => engine.result(given(program), name),
    };
  };
  /** Notes of the step to come, by the number of the launch; none are taken unless wanted. */
  const from = (wanted: boolean): Notes => {
    notes = wanted ? new Map() : undefined;
    return notes ?? new Map();
  };
  return { wrap, from };
}

function firstOf({ writes }: WatchedLaunch, written: readonly Float32Array[]): WatchNote | undefined {
  for (const [i, values] of written.entries()) {
    // masks are minus infinity on purpose
    for (let element = 0; element < values.length; element++)
      if (!(values[element]! < Number.POSITIVE_INFINITY))
        return { buffer: writes[i]!, element, value: values[element]! };
  }
  return undefined;
}
