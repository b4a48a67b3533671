/** What one group of experts costs per row, as far as dispatch needs to know. */
import type { Ffn } from "../2-design/design.js";
import type { ExpertsSite } from "../3-graph/graph.js";
import { expertKind } from "../experts/index.js";
import { isFolded, kindOf } from "./site.js";

export interface GroupFacts {
  readonly count: number;
  readonly kind: string;
  /** F; of several networks one after the other, all together */
  readonly hidden: number;
  /** matrices F × C that every row is multiplied with; of several networks, on average */
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
  const { count, steps } = group;
  const ffn = { kind: group.ffn, hidden: group.hidden, clamp: group.clamp, bias: group.bias };
  const networks = steps?.map((step) => step.ffn) ?? [ffn];
  const hidden = sum(networks.map((each) => each.hidden));
  const products = sum(networks.map((each) => (expertKind(each.kind)?.matrices ?? 0) * each.hidden));
  return {
    count,
    kind: group.ffn,
    hidden,
    matrices: hidden === 0 ? (expertKind(ffn.kind)?.matrices ?? 0) : products / hidden,
    numbers: sum(networks.map((each) => numbersOf(each, width, out))),
    endsInMatrix:
      networks.length === 1 && kindOf({ ffn: networks[0]! }).weights(networks[0]!).at(-1)?.shape.join() === "C,F",
    folded: isFolded({ ffn, ...(steps && { steps }), experts: { name: "E", size: count } }),
  };
}

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

function numbersOf(ffn: Ffn, width: number, out: number): number {
  const sizes = { F: ffn.hidden, C: out, I: width };
  const size = (shape: readonly ("F" | "C" | "I" | number)[]): number =>
    shape.reduce((n: number, s) => n * (typeof s === "number" ? s : sizes[s]), 1);
  return sum(
    kindOf({ ffn })
      .weights(ffn)
      .map(({ shape }) => size(shape)),
  );
}
