/** A list of token ids that grows without an object per id. */

/** Ids as they are kept in memory: two bytes each while the vocabulary allows it. */
export type TokenArray = Uint16Array | Uint32Array;

export interface TokenBuffer {
  readonly length: number;
  push(id: number): void;
  pushAll(ids: Int32Array): void;
  /** a copy of ids, packed for a vocabulary of `size` */
  packed(size: number): TokenArray;
}

/** An empty buffer. */
export function tokenBuffer(): TokenBuffer {
  let ids = new Uint32Array(1024);
  let length = 0;
  const reserve = (more: number): void => {
    if (length + more <= ids.length) return;
    const larger = new Uint32Array(Math.max(2 * ids.length, length + more));
    larger.set(ids);
    ids = larger;
  };
  return {
    get length() {
      return length;
    },
    push(id) {
      reserve(1);
      ids[length++] = id;
    },
    pushAll(more) {
      reserve(more.length);
      // words are short: a loop beats `set`
      for (let i = 0; i < more.length; i++) ids[length++] = more[i]!;
    },
    packed: (size) => (size <= 0x10000 ? Uint16Array.from(ids.subarray(0, length)) : ids.slice(0, length)),
  };
}
