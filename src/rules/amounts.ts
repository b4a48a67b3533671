/** How many of something a rule takes: a number of them, a share, or a multiple of an even part. Not a rule. */
import type { RuleArgs } from "../2-design/design.js";

/** As `select top(…)` is given it; one of the three is there. */
export interface Amount {
  readonly count?: number;
  /** of what there is to choose from, 0–1 */
  readonly share?: number;
  /** times an even part of it for each expert */
  readonly capacity?: number;
}

/** The amount among the arguments of a rule. */
export function amountOf({ k, share, capacity }: RuleArgs): Amount {
  return {
    ...(typeof k === "number" && { count: k }),
    ...(typeof share === "number" && { share }),
    ...(typeof capacity === "number" && { capacity }),
  };
}

/** How many of `all` that is, at most all of them; capacity counts in even parts for `experts`. */
export function resolveAmount({ count, share, capacity }: Amount, all: number, experts: number): number {
  if (count !== undefined) return Math.min(count, all);
  if (share !== undefined) return Math.min(ceiling(share * all), all);
  return Math.min(ceiling(((capacity ?? 1) * all) / experts), all);
}

/** The next whole number, where what rounding adds to a product does not count. */
export const ceiling = (x: number): number => Math.ceil(x * (1 - 1e-12));
