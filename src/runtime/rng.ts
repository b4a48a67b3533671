/**
 * Random numbers that are the same on every machine. A stream is a Threefry key and a counter; streams are named, so
 * that every consumer ("init" of one weight, the shuffle of one epoch) has its own and the order of use never matters.
 * Only exactly rounded arithmetic is used: engines may differ in `Math.log` or `Math.cos`, never in + − × ÷ and √.
 */

import { normalQuantile } from "./normal.js";
import { block, threefry } from "./threefry.js";

/** One stream: a key, how many blocks were drawn, and the second half of the last block if it is still unused. */
export interface Rng {
  readonly key0: number;
  readonly key1: number;
  /** blocks drawn so far; exact up to 2^53 */
  count: number;
  spare: number;
  hasSpare: boolean;
}

const start = (key0: number, key1: number): Rng => ({ key0, key1, count: 0, spare: 0, hasSpare: false });

/**
 * The stream of a seed and a path of names, e.g. `stream(1337, "init", "embed.weight")`. Different paths give
 * independent streams. The seed is any integer up to 2^53 in size.
 */
export function stream(seed: number, ...names: readonly (string | number)[]): Rng {
  const high = Math.floor(seed / 2 ** 32);
  return names.reduce<Rng>(split, start(seed | 0, high | 0));
}

/** The child stream of a name: independent of its parent and of every other child; draws nothing from the parent. */
export function split(parent: Rng, name: string | number): Rng {
  let [key0, key1] = [parent.key0, parent.key1];
  // a number and the text that spells it are different names
  for (const word of nameWords(name)) {
    threefry(key0, key1, word, typeof name === "number" ? 2 : 1);
    [key0, key1] = [block[0]! | 0, block[1]! | 0];
  }
  return start(key0, key1);
}

function nameWords(name: string | number): number[] {
  if (typeof name === "number") return [name | 0, Math.floor(name / 2 ** 32) | 0];
  // the length first, so that no name is the beginning of another
  return [name.length, ...Array.from(name, (_, i) => name.charCodeAt(i))];
}

/** 32 uniform random bits as an integer in [0, 2^32). */
export function nextWord(rng: Rng): number {
  if (rng.hasSpare) {
    rng.hasSpare = false;
    return rng.spare;
  }
  threefry(rng.key0, rng.key1, rng.count | 0, (rng.count / 2 ** 32) | 0);
  rng.count++;
  rng.spare = block[1]!;
  rng.hasSpare = true;
  return block[0]!;
}

/** A uniform number in [0, 1) with all 53 bits of a double. */
export function uniform(rng: Rng): number {
  const high = nextWord(rng) >>> 5;
  const low = nextWord(rng) >>> 6;
  return (high * 2 ** 26 + low) * 2 ** -53;
}

/** A uniform integer in [0, n), without bias; n up to 2^32. */
export function uniformInt(rng: Rng, n: number): number {
  // words from the last, incomplete run of n would favour small results: draw again
  const limit = 2 ** 32 - (2 ** 32 % n);
  for (;;) {
    const word = nextWord(rng);
    if (word < limit) return word % n;
  }
}

/** A standard normal number; exactly one word of the stream each. */
export function normal(rng: Rng): number {
  // the middle of each of the 2^32 intervals: symmetric, never 0 or 1
  return normalQuantile((nextWord(rng) + 0.5) * 2 ** -32);
}

/** The numbers 0 … n−1 in random order (Fisher–Yates). */
export function permutation(rng: Rng, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = uniformInt(rng, i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** The items in random order; the given list stays as it is. */
export function shuffled<T>(rng: Rng, items: readonly T[]): T[] {
  return Array.from(permutation(rng, items.length), (i) => items[i]!);
}

/** k distinct numbers out of 0 … n−1, ascending; every subset is equally likely (Floyd's method: k draws). */
export function choose(rng: Rng, k: number, n: number): number[] {
  const chosen = new Set<number>();
  for (let last = n - k; last < n; last++) {
    const drawn = uniformInt(rng, last + 1);
    chosen.add(chosen.has(drawn) ? last : drawn);
  }
  return [...chosen].sort((a, b) => a - b);
}
