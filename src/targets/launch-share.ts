/** What part of a kernel's planned cost one launch has. */
import type { Kernel } from "../5-plan/plan.js";

/** Flat kernels fit any length, and the plan's cost is that of the first launch; all others cost what is planned. */
export function launchShare({ params }: Kernel, count: number | undefined): number {
  if (count === undefined) return 1;
  const sizes = params.map(({ dims }) => dims.reduce((n, d) => n * d.size, 1));
  return count / Math.max(1, ...sizes);
}
