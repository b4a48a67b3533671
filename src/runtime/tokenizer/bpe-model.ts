/** A byte-level BPE vocabulary as data: which bytes an id stands for, and which pairs of ids merge, in which order. */

export interface Special {
  readonly id: number;
  readonly content: string;
}

export interface BpeModel {
  /** ids are 0 … size−1; an id without bytes and without a special content is unused */
  readonly size: number;
  /** byte → id */
  readonly byteIds: Int32Array;
  /** id → its bytes */
  readonly bytes: readonly (Uint8Array | undefined)[];
  /** pair key → rank; the lowest rank is merged first */
  readonly ranks: ReadonlyMap<number, number>;
  /** rank → the id that the pair becomes */
  readonly merged: Int32Array;
  /** rank → the pair */
  readonly pairs: readonly (readonly [number, number])[];
  /** texts that are one token wherever they stand, never merged with anything */
  readonly specials: readonly Special[];
}

/** One number for a pair of ids; exact for vocabularies up to 2^26. */
export function pairKey(left: number, right: number): number {
  return left * 2 ** 26 + right;
}

/** The special that ends a document in the vocabularies we train. Its id is 256, right after the bytes. */
export const endOfText: Special = { id: 256, content: "<|endoftext|>" };

/** A vocabulary whose ids 0 … 255 are the bytes, then the specials, then one id for each merge in order. */
export function bpeModel(pairs: readonly (readonly [number, number])[], specials: readonly Special[]): BpeModel {
  const first = 256 + specials.length;
  const bytes: (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  for (const { id } of specials) bytes[id] = undefined;
  pairs.forEach(([left, right], rank) => {
    bytes[first + rank] = Uint8Array.of(...bytes[left]!, ...bytes[right]!);
  });
  return {
    size: first + pairs.length,
    byteIds: Int32Array.from({ length: 256 }, (_, byte) => byte),
    bytes,
    ranks: new Map(pairs.map(([left, right], rank) => [pairKey(left, right), rank])),
    merged: Int32Array.from(pairs, (_, rank) => first + rank),
    pairs,
    specials,
  };
}
