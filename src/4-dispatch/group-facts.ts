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
  /** computed for all units beside the others: too cheap to sort */
  readonly folded: boolean;
}

export function groupFacts(group: ExpertsSite["groups"][number]): GroupFacts {
  const ffn = { kind: group.ffn, hidden: group.hidden, clamp: group.clamp, bias: group.bias };
  return {
    count: group.count,
    kind: group.ffn,
    hidden: group.hidden,
    matrices: kindOf({ ffn }).matrices,
    folded: isFolded({ ffn, experts: { name: "E", size: group.count } }),
  };
}
