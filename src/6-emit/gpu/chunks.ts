/** In how many pieces a GPU adds things up. */
import type { Kernel, Stmt } from "../../5-plan/plan.js";
import { product } from "./sizes.js";

/**
 * How many chunks the rows of a plan are summed in: many, so that many workgroups share them, but no more than
 * there is work or memory for. One number for all kernels, because those that finish sums serve many of them.
 */
export function chunksOf(kernels: readonly Kernel[], mostChunks: (size: number) => number): number {
  const sums = kernels.flatMap((k) =>
    k.kind === "rows" ? accumulates(k.body).map((s) => ({ rows: product(k.domain), size: product(s.dims) })) : [],
  );
  const rows = Math.max(1, ...sums.map((s) => s.rows));
  const size = Math.max(1, ...sums.map((s) => s.size));
  const most = mostChunks(size);
  let chunks = 32;
  while (chunks < most && chunks * 8 < rows) chunks *= 2;
  return chunks;
}

export type Accumulate = Extract<Stmt, { kind: "accumulate" }>;
export const accumulates = (body: readonly Stmt[]): Accumulate[] =>
  body.filter((s): s is Accumulate => s.kind === "accumulate");
