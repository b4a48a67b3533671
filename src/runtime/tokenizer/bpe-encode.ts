/**
 * Turns texts into ids with a BPE vocabulary, and ids back into text. Every distinct word is merged once and then
 * remembered: natural text repeats its words, and a lookup costs far less than merging.
 */
import { type Heap, pop, push } from "../heap.js";
import { type BpeModel, pairKey } from "./bpe-model.js";
import { eachPreToken } from "./pre-tokens.js";
import type { TokenBuffer } from "./token-buffer.js";

export interface BpeEncoder {
  readonly model: BpeModel;
  readonly words: Map<string, Int32Array>;
  /** splits a text at the specials and keeps them; undefined without specials */
  readonly specials: RegExp | undefined;
  readonly specialIds: ReadonlyMap<string, number>;
}

/** Words to remember at most; beyond that, text is more random than language and remembering would only fill memory. */
const maxWords = 500_000;

/** Prepares a vocabulary for encoding. */
export function bpeEncoder(model: BpeModel): BpeEncoder {
  const contents = model.specials.map(({ content }) => content).sort((a, b) => b.length - a.length);
  const escaped = contents.map((content) => content.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return {
    model,
    words: new Map(),
    specials: escaped.length > 0 ? new RegExp(`(${escaped.join("|")})`) : undefined,
    specialIds: new Map(model.specials.map(({ content, id }) => [content, id])),
  };
}

/** Appends the ids of a text. Specials in the text become their own ids, as in every reader of `tokenizer.json`. */
export function encodeBpe(encoder: BpeEncoder, text: string, into: TokenBuffer): void {
  const parts = encoder.specials ? text.split(encoder.specials) : [text];
  parts.forEach((part, i) => {
    // a captured separator stands at every odd place
    if (i % 2 === 1) into.push(encoder.specialIds.get(part)!);
    else if (encoder.model.pairs.length === 0) encodeBytes(encoder.model, part, into);
    else eachPreToken(part, (word) => into.pushAll(encodeWord(encoder, word)));
  });
}

function encodeBytes({ byteIds }: BpeModel, text: string, into: TokenBuffer): void {
  into.pushAll(Int32Array.from(new TextEncoder().encode(text), (byte) => byteIds[byte]!));
}

function encodeWord({ model, words }: BpeEncoder, word: string): Int32Array {
  const known = words.get(word);
  if (known) return known;
  const ids = mergeWord(model, new TextEncoder().encode(word));
  if (words.size < maxWords) words.set(word, ids);
  return ids;
}

/** Merges the pair of lowest rank, the leftmost first, until none is left: O(n log n) for a word of n bytes. */
function mergeWord({ byteIds, ranks, merged }: BpeModel, bytes: Uint8Array): Int32Array {
  const ids = Int32Array.from(bytes, (byte) => byteIds[byte]!);
  const n = ids.length;
  // a linked list: a merged symbol stays at its left place, the right place is emptied (id −1)
  const next = Int32Array.from(ids, (_, i) => i + 1);
  const before = Int32Array.from(ids, (_, i) => i - 1);
  const queue: Heap<number> = { items: [], before: (a, b) => a < b };
  const offer = (left: number): void => {
    if (left < 0 || next[left]! >= n) return;
    const rank = ranks.get(pairKey(ids[left]!, ids[next[left]!]!));
    if (rank !== undefined) push(queue, rank * n + left); // ordered by rank, then by place
  };
  for (let i = 0; i < n; i++) offer(i);
  for (let entry = pop(queue); entry !== undefined; entry = pop(queue)) {
    const left = entry % n;
    const rank = (entry - left) / n;
    const right = next[left]!;
    // the entry may be older than a merge that changed one of its two symbols
    if (ids[left]! < 0 || right >= n || ranks.get(pairKey(ids[left]!, ids[right]!)) !== rank) continue;
    ids[left] = merged[rank]!;
    ids[right] = -1;
    next[left] = next[right]!;
    if (next[left]! < n) before[next[left]!] = left;
    offer(before[left]!);
    offer(left);
  }
  return ids.filter((id) => id >= 0);
}

/** The bytes of ids, specials as their text. Ids without a meaning give nothing. */
export function decodeBpe({ bytes, specials }: BpeModel, ids: Iterable<number>): string {
  const encoder = new TextEncoder();
  const special = new Map(specials.map(({ id, content }) => [id, encoder.encode(content)]));
  const pieces: number[] = [];
  for (const id of ids) for (const byte of bytes[id] ?? special.get(id) ?? []) pieces.push(byte);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(pieces));
}
