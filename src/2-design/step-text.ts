/** Steps of a block as text, the way they are written. */
import type { Point, Step } from "./design.js";

/** `Mixture after rms reading previous.Attend`. */
export function stepText({ part, norm, reads, dropout }: Step): string {
  const reading = reads === undefined ? "" : ` reading ${pointText(reads)}`;
  const dropping = dropout === undefined ? "" : ` dropout ${Number((dropout * 100).toPrecision(12))}%`;
  return `${part} after ${norm.kind}${reading}${dropping}`;
}

/** `input`, `Attend`, `Feed.norm`, `previous.input`; `refer` gives the name a part is known by. */
export function pointText({ layer, after, normed }: Point, refer: (name: string) => string = (name) => name): string {
  const place = after === undefined ? "input" : `${refer(after)}${normed ? ".norm" : ""}`;
  return layer === "same" ? place : `${layer}.${place}`;
}
