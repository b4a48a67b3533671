/** A binary heap of plain numbers or records; what "before" means is the caller's. */

export interface Heap<T> {
  readonly items: T[];
  /** whether the first leaves the heap earlier than the second */
  readonly before: (a: T, b: T) => boolean;
}

/** Adds an item. */
export function push<T>({ items, before }: Heap<T>, item: T): void {
  let at = items.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(item, items[parent]!)) break;
    items[at] = items[parent]!;
    at = parent;
  }
  items[at] = item;
}

/** Takes the foremost item out, or returns undefined when there is none. */
export function pop<T>({ items, before }: Heap<T>): T | undefined {
  const [first, last] = [items[0], items.pop()];
  if (items.length === 0 || last === undefined) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= items.length) break;
    if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++;
    if (!before(items[child]!, last)) break;
    items[at] = items[child]!;
    at = child;
  }
  items[at] = last;
  return first;
}
