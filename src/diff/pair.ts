/** Who is compared with whom. Pairing only: it finds no differences and judges nothing. */

export interface Pair<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/**
 * Pairs two lists: first by equal keys (the first of a key with the first of that key, and so on), then what is left
 * over by equal families, in order. The result follows `after`; what only `before` has stands where it stood.
 */
export function pairUp<T>(
  before: readonly T[],
  after: readonly T[],
  { key, family }: { readonly key: (item: T) => string; readonly family: (item: T) => string },
): readonly Pair<T>[] {
  const partner = new Map<T, T>();
  match(before, after, key, partner);
  const free = (items: readonly T[], taken: ReadonlySet<T>) => items.filter((item) => !taken.has(item));
  match(free(before, new Set(partner.values())), free(after, new Set(partner.keys())), family, partner);
  return merge(before, after, partner);
}

/** Adds after → before to `partner` for items of the same name, in order. */
function match<T>(before: readonly T[], after: readonly T[], name: (item: T) => string, partner: Map<T, T>): void {
  const waiting = new Map<string, T[]>();
  for (const item of before) waiting.set(name(item), [...(waiting.get(name(item)) ?? []), item]);
  for (const item of after) {
    const found = waiting.get(name(item))?.shift();
    if (found !== undefined) partner.set(item, found);
  }
}

function merge<T>(before: readonly T[], after: readonly T[], partner: ReadonlyMap<T, T>): readonly Pair<T>[] {
  const paired = new Set(partner.values());
  const pairs: Pair<T>[] = after.map((item) => ({ before: partner.get(item), after: item }));
  let place = 0;
  for (const item of before) {
    const at = pairs.findIndex((pair) => pair.before === item);
    if (paired.has(item)) place = at + 1;
    else pairs.splice(place++, 0, { before: item, after: undefined });
  }
  return pairs;
}
