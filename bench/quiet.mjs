/**
 * Whether the machine is ours alone. Other work makes more than noise: threads that wait for each other busily, as
 * PyTorch's do, lose far more than the share that is taken from them, so that even ratios mislead.
 */
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Above this share of the processors in use by others, nothing is recorded. */
export const MOST_BUSY = 0.1;

/** Share of all processors (0–1) that is in use while we sleep for a moment. */
export async function busyShare(seconds = 2) {
  const before = times();
  await sleep(1000 * seconds);
  const after = times();
  return (after.used - before.used) / Math.max(1, after.all - before.all);
}

function times() {
  const all = cpus().map((each) => each.times);
  const used = all.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  return { used, all: all.reduce((sum, { idle }) => sum + idle, used) };
}
