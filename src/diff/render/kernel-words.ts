/** What became of one kernel, in words. */
import type { KernelRow } from "../kernels-layer.js";
import { scalarText } from "../values.js";

/** What makes the kernel another one, in a line. */
export function kernelWords({ status, before, after, parameters, gained, lost }: KernelRow): string {
  if (status === "moved") return `was ${before!.name}`;
  if (status === "added" || status === "removed") return (after ?? before)!.pieces.join(", ");
  const sizes = parameters.map((each) => `${each.name}: ${scalarText(each.before)} → ${scalarText(each.after)}`);
  const steps = [...lost.map((piece) => `without ${piece}`), ...gained.map((piece) => `with ${piece}`)];
  const words = [...steps, ...sizes].join(", ");
  if (words !== "" || status === "same") return words;
  return status === "changed" ? "statements inside" : "constants inside";
}
