/**
 * Very deep designs: the layers of one run differ in nothing but their number, so kernels are planned for a few of
 * them and counted for all. Nothing about a kernel depends on how often its layer is repeated.
 */
import type { Design, Model } from "../2-design/design.js";
import { layerCount } from "../2-design/layers.js";

/** Deepest design that is planned as it stands. */
export const DEEP = 48;

/** First, middle and last layer of a run: its neighbours change what a layer's kernels join. */
const KEPT = 3;

export interface Shortened {
  readonly design: Design;
  /** for each layer that is left, how many layers it stands for */
  readonly weights: readonly number[];
  readonly deep: boolean;
}

/** The design with at most three layers of each run, when it is too deep to be planned as it stands. */
export function shorten(design: Design): Shortened {
  const { model } = design;
  if (!model) return { design, weights: [], deep: false };
  const layers = layerCount(model);
  if (layers <= DEEP) return { design, weights: Array.from({ length: layers }, () => 1), deep: false };
  const stack = joined(model.stack);
  const short = stack.map(({ count, block }) => ({ count: Math.min(count, KEPT), block }));
  const weights = stack.flatMap(({ count }) => {
    return count <= KEPT ? Array.from({ length: count }, () => 1) : [1, count - KEPT + 1, 1];
  });
  return { design: { ...design, model: { ...model, stack: short } }, weights, deep: true };
}

function joined(stack: Model["stack"]): Model["stack"] {
  const runs: { count: number; block: string }[] = [];
  for (const { count, block } of stack) {
    const last = runs.at(-1);
    if (last?.block === block) last.count += count;
    else runs.push({ count, block });
  }
  return runs;
}
