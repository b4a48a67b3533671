/** Who is compared with whom. Pairing only: it finds no differences and judges nothing. */

export interface Pair<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/**
 * Pairs two lists by names: what is called alike by the first function is paired first (the first of a name with the
 * first of that name, and so on), what is left over by the next one. The result follows `after`; what only `before` has
 * stands where it stood.
 */
export function pairUp<T>(
  before: readonly T[],
  after: readonly T[],
  names: readonly ((item: T) => string)[],
): readonly Pair<T>[] {
  const partner = new Map<T, T>();
  for (const name of names) {
    const taken = new Set(partner.values());
    match(
      before.filter((item) => !taken.has(item)),
      after.filter((item) => !partner.has(item)),
      name,
      partner,
    );
  }
  return merge(before, after, partner);
}

/** Adds after → before to `partner` for items of the same name, in order. */
function match<T>(before: readonly T[], after: readonly T[], name: (item: T) => string, partner: Map<T, T>): void {
  const waiting = new Map<string, T[]>();
  for (const item of before) {
    const same = waiting.get(name(item)) ?? [];
    waiting.set(name(item), same);
    same.push(item);
  }
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
