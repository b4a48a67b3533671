/** What most papers do once the experts of every unit are known: run them, weigh them, serve them in turn, count them. */
import { counts, total, weighted } from "./equations.js";
import type { Layer } from "./language-model.js";
import type { Num, Vec } from "./tape.js";

/** An expert's edges of one unit, best first. */
export interface Edges {
  /** -1: none */
  readonly experts: readonly number[];
  readonly weights: Vec;
}

/** Σ weight · expert(x) over the edges of each unit. */
export function mixed(xs: readonly Vec[], edges: readonly Edges[], expert: (e: number, x: Vec) => Vec): Vec[] {
  return xs.map((x, u) => {
    const { experts, weights } = edges[u]!;
    const each = experts.flatMap((e, i) => (e < 0 ? [] : [weighted(expert(e, x), weights[i]!)]));
    return total(each, x.length);
  });
}

/** Edges as experts with so much room, each the same or by number, take them: first choices of all units before second ones, in unit order. */
export function served(edges: readonly Edges[], experts: number, room: number | ((e: number) => number)): Edges[] {
  const roomOf = typeof room === "number" ? () => room : room;
  const used = new Array<number>(experts).fill(0);
  const kept = edges.map((each) => [...each.experts]);
  for (let i = 0; i < kept[0]!.length; i++)
    for (const row of kept) if (row[i]! >= 0 && used[row[i]!]!++ >= roomOf(row[i]!)) row[i] = -1;
  return edges.map(({ weights }, u) => ({ experts: kept[u]!, weights }));
}

/** What a layer reports: `chosen` before any limit, `kept` after it. */
export function reported(chosen: readonly Edges[], experts: number, places: number, kept = chosen) {
  const load = counts(
    chosen.map((each) => each.experts),
    experts,
  );
  const left = kept.flatMap((each) => each.experts).filter((e) => e >= 0).length;
  const padded = <T>(xs: readonly T[], none: T): T[] => Array.from({ length: places }, (_, i) => xs[i] ?? none);
  return {
    load,
    dropped: load.reduce((a, b) => a + b, 0) - left,
    experts: kept.map((each) => padded(each.experts, -1)),
    weights: kept.map(({ experts: es, weights }) =>
      padded(
        weights.map((w: Num, i) => (es[i]! < 0 ? 0 : w.value)),
        0,
      ),
    ),
  } satisfies Partial<Layer>;
}
