/**
 * Learns a byte-level BPE vocabulary from texts: again and again the most frequent pair of neighbours becomes a token.
 * Ties go to the lower left id, then to the lower right id, so that the same texts give the same vocabulary.
 * Counts are kept up to date pair by pair: a merge only visits the words that hold its pair.
 */
import { type Heap, pop, push } from "../heap.js";
import { type BpeModel, bpeModel, endOfText, pairKey } from "./bpe-model.js";
import { eachPreToken } from "./pre-tokens.js";

/** All distinct words in one array: word w is `symbols[starts[w] …]`, `lengths[w]` long, and occurs `counts[w]` times. */
interface Words {
  readonly symbols: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly counts: Float64Array;
}

interface Pair {
  readonly left: number;
  readonly right: number;
  /** occurrences, every word as often as it occurs */
  count: number;
  /** words that hold it, or held it once */
  readonly words: number[];
}

interface Candidate {
  readonly key: number;
  readonly count: number;
}

/** A pair that occurs once saves one token in one place; it is not worth an id. */
const minCount = 2;

/**
 * Trains a vocabulary of at most `size` ids: 256 bytes, `<|endoftext|>`, and merges while there are pairs that occur
 * more than once. Specials inside the texts are treated as ordinary text.
 */
export function trainBpe(texts: Iterable<string>, size: number): BpeModel {
  const words = distinctWords(texts);
  const pairs = new Map<number, Pair>();
  for (let word = 0; word < words.counts.length; word++) addPairs(words, word, pairs, () => true);
  const queue: Heap<Candidate> = {
    items: [],
    before: (a, b) => a.count > b.count || (a.count === b.count && a.key < b.key),
  };
  for (const [key, { count }] of pairs) push(queue, { key, count });
  const first = 256 + 1;
  const merges: [number, number][] = [];
  while (first + merges.length < size) {
    const best = nextPair(queue, pairs);
    if (best === undefined) break;
    mergePair(words, pairs, queue, best, first + merges.length);
    merges.push([best.left, best.right]);
  }
  return bpeModel(merges, [endOfText]);
}

function distinctWords(texts: Iterable<string>): Words {
  const counted = new Map<string, number>();
  for (const text of texts) eachPreToken(text, (piece) => counted.set(piece, (counted.get(piece) ?? 0) + 1));
  const encoder = new TextEncoder();
  const spelled = Array.from(counted.keys(), (word) => encoder.encode(word));
  const starts = new Int32Array(spelled.length);
  for (let word = 1; word < spelled.length; word++) starts[word] = starts[word - 1]! + spelled[word - 1]!.length;
  const symbols = new Int32Array(spelled.reduce((sum, bytes) => sum + bytes.length, 0));
  for (const [word, bytes] of spelled.entries()) symbols.set(bytes, starts[word]!);
  const lengths = Int32Array.from(spelled, (bytes) => bytes.length);
  return { symbols, starts, lengths, counts: Float64Array.from(counted.values()) };
}

/** Counts the pairs of a word once more; the word is noted with those pairs that it newly holds. */
function addPairs(
  words: Words,
  word: number,
  pairs: Map<number, Pair>,
  isNew: (left: number, right: number) => boolean,
): void {
  eachPair(words, word, (left, right) => {
    const pair = pairs.get(pairKey(left, right)) ?? { left, right, count: 0, words: [] };
    if (pair.count === 0) pairs.set(pairKey(left, right), pair);
    pair.count += words.counts[word]!;
    if (isNew(left, right) && pair.words.at(-1) !== word) pair.words.push(word);
  });
}

function removePairs(words: Words, word: number, pairs: Map<number, Pair>): void {
  eachPair(words, word, (left, right) => {
    pairs.get(pairKey(left, right))!.count -= words.counts[word]!;
  });
}

function eachPair(
  { symbols, starts, lengths }: Words,
  word: number,
  visit: (left: number, right: number) => void,
): void {
  const end = starts[word]! + lengths[word]! - 1;
  for (let at = starts[word]!; at < end; at++) visit(symbols[at]!, symbols[at + 1]!);
}

/** The most frequent pair. Counts in the queue may be out of date, but only too high: such entries are queued anew. */
function nextPair(queue: Heap<Candidate>, pairs: Map<number, Pair>): Pair | undefined {
  for (;;) {
    const candidate = pop(queue);
    if (candidate === undefined) return undefined;
    const pair = pairs.get(candidate.key);
    if (pair === undefined || pair.count < minCount) continue;
    if (pair.count === candidate.count) return pair;
    push(queue, { key: candidate.key, count: pair.count });
  }
}

function mergePair(words: Words, pairs: Map<number, Pair>, queue: Heap<Candidate>, pair: Pair, id: number): void {
  const grown = new Set<number>();
  for (const word of pair.words) {
    if (!holds(words, word, pair)) continue;
    removePairs(words, word, pairs);
    replace(words, word, pair, id);
    addPairs(words, word, pairs, (left, right) => {
      const isNew = left === id || right === id;
      if (isNew) grown.add(pairKey(left, right));
      return isNew;
    });
  }
  pairs.delete(pairKey(pair.left, pair.right));
  for (const key of grown) push(queue, { key, count: pairs.get(key)!.count });
}

function holds({ symbols, starts, lengths }: Words, word: number, { left, right }: Pair): boolean {
  const end = starts[word]! + lengths[word]! - 1;
  for (let at = starts[word]!; at < end; at++) if (symbols[at] === left && symbols[at + 1] === right) return true;
  return false;
}

/** Replaces the pair from left to right, in place. */
function replace({ symbols, starts, lengths }: Words, word: number, { left, right }: Pair, id: number): void {
  const start = starts[word]!;
  const end = start + lengths[word]!;
  let to = start;
  for (let at = start; at < end; to++) {
    const found = at + 1 < end && symbols[at] === left && symbols[at + 1] === right;
    symbols[to] = found ? id : symbols[at]!;
    at += found ? 2 : 1;
  }
  lengths[word] = to - start;
}
