/** What became of one kernel, in words. */
import type { FileState } from "../kernel-view.js";
import type { KernelRow } from "../kernels-layer.js";
import { scalarText } from "../values.js";

/** What makes the kernel another one, in a line. */
export function kernelWords({ status, before, after, parameters, gained, lost }: KernelRow): string {
  const file = fileWords(before?.file ?? after?.file);
  if (status === "moved") return `was ${before!.name}`;
  if (status === "added" || status === "removed") return [...(after ?? before)!.pieces, ...file].join(", ");
  const sizes = parameters.map((each) => `${each.name}: ${scalarText(each.before)} → ${scalarText(each.after)}`);
  const steps = [...lost.map((piece) => `without ${piece}`), ...gained.map((piece) => `with ${piece}`)];
  const words = [...file, ...steps, ...sizes].join(", ");
  if (words !== "" || status === "same") return words;
  return status === "changed" ? "statements inside" : "constants inside";
}

const fileTexts: Readonly<Record<FileState, string>> = {
  edited: "the file was edited by hand",
  other: "the file is not what this version writes",
};

function fileWords(state: FileState | undefined): readonly string[] {
  return state === undefined ? [] : [fileTexts[state]];
}
