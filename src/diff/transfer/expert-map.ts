/** Which expert of one mixture goes on as which expert of another one. */
import type { ExpertGroup, Mixture } from "../../2-design/design.js";
import { pairUp } from "../pair.js";

export interface GroupMap {
  /** number of the group in its mixture */
  readonly before: number;
  readonly after: number;
}

export interface ExpertMap {
  /** for every expert after, the expert before; −1 for a new one */
  readonly experts: readonly number[];
  /** groups that go on, under whatever number */
  readonly groups: readonly GroupMap[];
  /** nothing moved, nothing is new, nothing is gone */
  readonly identity: boolean;
}

interface Group {
  readonly index: number;
  readonly first: number;
  readonly group: ExpertGroup;
}

/** Groups of the same kind and size go on first; the first experts of a group stay the first. */
export function expertMap(before: Mixture, after: Mixture): ExpertMap {
  const pairs = pairUp(groupsOf(before), groupsOf(after), [
    ({ group }) => JSON.stringify([group.ffn.kind, group.ffn.hidden, group.count]),
    ({ group }) => group.ffn.kind,
  ]);
  const experts = new Array<number>(after.expertCount).fill(-1);
  const groups: GroupMap[] = [];
  for (const { before: a, after: b } of pairs) {
    if (!a || !b) continue;
    groups.push({ before: a.index, after: b.index });
    for (let i = 0; i < Math.min(a.group.count, b.group.count); i++) experts[b.first + i] = a.first + i;
  }
  const identity = before.expertCount === after.expertCount && experts.every((from, i) => from === i);
  return { experts, groups, identity };
}

function groupsOf({ experts }: Mixture): readonly Group[] {
  let first = 0;
  return experts.map((group, index) => {
    const place = { index, first, group };
    first += group.count;
    return place;
  });
}
