/**
 * Pairs the declarations of two designs: by name, and what is left over when it is the same thing under another name
 * or the only one of its kind on both sides.
 */
import type { Design } from "../2-design/design.js";
import type { Section } from "./line.js";
import { type Refer, sectionsOf } from "./lines-of.js";
import { type Pair, pairUp } from "./pair.js";

export interface PairedSections {
  readonly pairs: readonly Pair<Section>[];
  /** what the second design calls a declaration → what the first calls it */
  readonly names: ReadonlyMap<string, string>;
}

/** Pairs all sections; references inside the second design are read with the first design's names. */
export function pairSections(before: Design, after: Design): PairedSections {
  const names = new Map<string, string>();
  const first = sectionsOf(before);
  // names that are settled make further declarations equal: a block whose part was renamed is renamed too
  for (let known = -1; known !== names.size; ) {
    known = names.size;
    for (const { before: a, after: b } of pairOnce(first, sectionsOf(after, reader(names)))) {
      if (a && b && a.name !== b.name) names.set(b.name, a.name);
    }
  }
  return { pairs: pairOnce(first, sectionsOf(after, reader(names))), names };
}

function reader(names: ReadonlyMap<string, string>): Refer {
  return (name) => names.get(name) ?? name;
}

function pairOnce(before: readonly Section[], after: readonly Section[]): readonly Pair<Section>[] {
  const named = new Set(after.map(({ kind, name }) => `${kind} ${name}`));
  const others = new Set(before.map(({ kind, name }) => `${kind} ${name}`));
  const leftBefore = before.filter(({ kind, name }) => !named.has(`${kind} ${name}`));
  const leftAfter = after.filter(({ kind, name }) => !others.has(`${kind} ${name}`));
  const only = (kind: string) =>
    [leftBefore, leftAfter].every((left) => left.filter((each) => each.kind === kind).length === 1);
  const isLeft = new Set([...leftBefore, ...leftAfter]);
  const key = (item: Section) => {
    if (!isLeft.has(item)) return `${item.kind} ${item.name}`;
    return only(item.kind) ? `only ${item.kind}` : `like ${item.kind} ${contentOf(item)}`;
  };
  return pairUp(before, after, [key]);
}

/** Everything a declaration means, without its name. */
function contentOf({ lines, ordered }: Section): string {
  const texts = lines.map(({ slot, values }) => `${slot} ${JSON.stringify(sorted(values))}`);
  return JSON.stringify([ordered, ordered.length > 0 ? texts : [...texts].sort()]);
}

function sorted(values: object): readonly (readonly [string, unknown])[] {
  return Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
}
