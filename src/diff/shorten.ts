/**
 * Very deep designs: the layers of one run differ in nothing but their number, so kernels are planned for a few of
 * them and counted for all. Nothing about a kernel depends on how often its layer is repeated.
 */
import type { Design } from "../2-design/design.js";
import { layerCount, type Run, type Segment, segmentsOf } from "../2-design/layers.js";

/** Deepest design that is planned as it stands. */
export const DEEP = 48;

/** First, middle and last of a run: its neighbours change what a layer's kernels join. */
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
  const segments = segmentsOf(model.stack).map(shortSegment);
  const stack = segments.flatMap((segment) => segment.stack);
  return {
    design: { ...design, model: { ...model, stack } },
    weights: segments.flatMap((segment) => segment.weights),
    deep: true,
  };
}

/** Three layers of a run; of runs that take turns, three rounds. */
function shortSegment({ times, runs }: Segment): { stack: readonly Run[]; weights: readonly number[] } {
  const [only, ...others] = runs as readonly [Run, ...Run[]];
  if (others.length === 0) {
    return { stack: [{ ...only, count: Math.min(only.count, KEPT) }], weights: standsFor(only.count) };
  }
  const round = runs.reduce((sum, { count }) => sum + count, 0);
  const rounds = standsFor(times);
  return {
    stack: rounds.flatMap(() => runs),
    weights: rounds.flatMap((weight) => Array.from({ length: round }, () => weight)),
  };
}

function standsFor(count: number): readonly number[] {
  return count <= KEPT ? Array.from({ length: count }, () => 1) : [1, count - KEPT + 1, 1];
}
