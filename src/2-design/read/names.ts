/**
 * Named numbers: sizes of the model, `let`s, and the letters of a mixture (E, k, C). Each is computed when first asked
 * for, so that order does not matter; a circle is reported once. NaN stands for "wrong, and already reported".
 */

export interface Names {
  /** the number of a name; NaN when a mistake in it was reported; undefined when nobody defines it */
  readonly lookup: (name: string) => number | undefined;
  /** all names that are defined, for suggestions */
  readonly all: () => readonly string[];
}

export type Thunk = () => number;

/** Who is being computed right now, over all scopes, for finding circles. */
export interface Busy {
  readonly stack: { readonly owner: object; readonly name: string }[];
  readonly circle: (names: readonly string[]) => void;
}

/** No names at all. */
export const noNames: Names = { lookup: () => undefined, all: () => [] };

/** A scope of lazily computed names; what it does not know it asks the outer scope for. */
export function createNames(thunks: ReadonlyMap<string, Thunk>, outer: Names, busy: Busy): Names {
  const known = new Map<string, number>();
  const lookup = (name: string): number | undefined => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const thunk = thunks.get(name);
    if (!thunk) return outer.lookup(name);
    const value = guarded(thunks, name, thunk, busy);
    known.set(name, value);
    return value;
  };
  return { lookup, all: () => [...thunks.keys(), ...outer.all()] };
}

function guarded(owner: object, name: string, thunk: Thunk, busy: Busy): number {
  const start = busy.stack.findIndex((each) => each.owner === owner && each.name === name);
  if (start >= 0) {
    busy.circle([...busy.stack.slice(start).map((each) => each.name), name]);
    return Number.NaN;
  }
  busy.stack.push({ owner, name });
  try {
    return thunk();
  } finally {
    busy.stack.pop();
  }
}
