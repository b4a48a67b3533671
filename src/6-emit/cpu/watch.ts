/**
 * A program that looks at its own results: after every launch, what it has written is searched for NaN and infinity.
 * Only built when a training has diverged, to name what went wrong first (`runtime/first-bad.ts`).
 */
import type { KernelPlan, Launch } from "../../5-plan/plan.js";

/** Words of a launch's note: the argument that was not a number, from 1; which of its elements; what it was, as f32. */
export const WATCH_WORDS = 3;

/** Bytes for the notes of a watched program; 0 when none is watched. */
export function watchBytes({ programs }: KernelPlan, watched: string | undefined): number {
  const launches = programs.find(({ name }) => name === watched)?.launches.length ?? 0;
  return 4 * WATCH_WORDS * launches;
}

/** Statements behind a launch that search the numbers it wrote. */
export function watchLines(launch: Launch, index: number, plan: KernelPlan, names: readonly string[]): string[] {
  const { params } = plan.kernels[launch.kernel]!;
  const searches = launch.args.flatMap((id, argument) => {
    const { dtype, bytes } = plan.buffers[id]!;
    if (dtype !== "f32" || params[argument]!.access === "read") return [];
    return [`  moec_watch(w, arena, ${index}, ${argument}, F32(${names[id]}), ${bytes / 4});`];
  });
  return searches.length === 0 ? [] : [...searches, "  moec_barrier(w->control, w->threads);"];
}
