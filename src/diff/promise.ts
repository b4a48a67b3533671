/**
 * What a change keeps for those who rely on the design. Nested: who keeps `numerics` keeps `weights`, who keeps
 * `weights` keeps `interface`.
 *
 * - `interface`: the same tokens go in and the same scores come out: vocabulary, context, tokenizer.
 * - `weights`: a checkpoint of the first design loads into the second as it is, every tensor, none left over.
 * - `numerics`: the same mathematics from the first step to the last: forward, gradients, training. Kernels and
 *   dispatch may differ: they compute the same up to rounding.
 */
import { changeText } from "./change-text.js";
import type { DesignLayer } from "./design-layer.js";
import type { WeightsLayer } from "./weights-layer.js";

export const promises = ["interface", "weights", "numerics"] as const;
export type PromiseName = (typeof promises)[number];

export interface Breach {
  readonly promise: PromiseName;
  /** the change that breaks it, as text */
  readonly because: string;
}

/** Everything that breaks a promise by itself, weakest promise first. */
export function breaches(design: DesignLayer, weights: WeightsLayer): readonly Breach[] {
  const settings = design.changes.flatMap((change): Breach[] => {
    return change.effect === "nothing" ? [] : [{ promise: change.effect, because: changeText(change) }];
  });
  const tensors = weights.rows.flatMap(({ name, status }): Breach[] => {
    return status === "same" || status === "loadable" ? [] : [{ promise: "weights", because: `${name}: ${status}` }];
  });
  return promises.flatMap((name) => [...settings, ...tensors].filter(({ promise }) => promise === name));
}

/** What breaks a promise: its own breaches and those of all weaker ones. */
export function breachesOf(promise: PromiseName, all: readonly Breach[]): readonly Breach[] {
  const nested = promises.slice(0, promises.indexOf(promise) + 1);
  return all.filter((breach) => nested.includes(breach.promise));
}

/** The strongest promise that is kept. */
export function keptPromise(all: readonly Breach[]): PromiseName | "none" {
  return promises.filter((promise) => breachesOf(promise, all).length === 0).at(-1) ?? "none";
}
