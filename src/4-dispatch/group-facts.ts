/** What one group of experts costs per row, as far as dispatch needs to know. */
import type { ExpertsSite } from "../3-graph/graph.js";
import { isFolded, kindOf } from "./site.js";

export interface GroupFacts {
  readonly count: number;
  readonly kind: string;
  /** F */
  readonly hidden: number;
  /** matrices F × C that every row is multiplied with */
  readonly matrices: number;
  /** numbers that one expert has, all its weights together */
  readonly numbers: number;
  /** computed for all units beside the others: too cheap to sort */
  readonly folded: boolean;
  /** a row's result is a matrix C × F times hidden numbers, and nothing is added to that */
  readonly endsInMatrix: boolean;
}

/** The facts of a group in a mixture of that width, and of another one of what it gives. */
export function groupFacts(group: ExpertsSite["groups"][number], width: number, out = width): GroupFacts {
  const ffn = { kind: group.ffn, hidden: group.hidden, clamp: group.clamp, bias: group.bias };
  const kind = kindOf({ ffn });
  const sizes = { F: group.hidden, C: out, I: width };
  const size = (shape: readonly ("F" | "C" | "I" | number)[]): number =>
    shape.reduce((n: number, s) => n * (typeof s === "number" ? s : sizes[s]), 1);
  return {
    count: group.count,
    kind: group.ffn,
    hidden: group.hidden,
    matrices: kind.matrices,
    numbers: kind.weights(ffn).reduce((sum, { shape }) => sum + size(shape), 0),
    endsInMatrix: kind.weights(ffn).at(-1)?.shape.join() === "C,F",
    folded: isFolded({ ffn, experts: { name: "E", size: group.count } }),
  };
}
