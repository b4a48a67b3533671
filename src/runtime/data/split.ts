/** Which documents are held out for evaluation: a share of them, drawn by seed. */
import { choose, stream } from "../rng.js";
import type { TokenArray } from "../tokenizer/token-buffer.js";

/** Encoded documents side by side: document d is `ids[ends[d−1] … ends[d]]`. */
export interface EncodedDocuments {
  readonly ids: TokenArray;
  readonly ends: Float64Array;
  /** bytes of UTF-8 of each document; 0 where they are not known (token files) */
  readonly bytes: Float64Array;
}

export interface SplitDocuments {
  readonly train: TokenArray;
  readonly heldOut: TokenArray;
  readonly trainDocuments: number;
  readonly heldOutDocuments: number;
  /** bytes of UTF-8 behind `heldOut`; 0 when not known */
  readonly heldOutBytes: number;
}

/**
 * Takes `share` (0–1) of the documents out, drawn by seed; both parts keep the order of the documents. When there
 * are so few documents that the share would be none, the last `share` of all tokens is held out instead.
 */
export function splitDocuments(documents: EncodedDocuments, share: number, seed: number): SplitDocuments {
  const count = documents.ends.length;
  const wanted = Math.min(count - 1, Math.round(count * share));
  if (share <= 0) return whole(documents);
  if (wanted < 1) return splitTail(documents, share);
  const out = new Set(choose(stream(seed, "held out"), wanted, count));
  const pick = (isOut: boolean): number[] =>
    Array.from(documents.ends.keys()).filter((each) => out.has(each) === isOut);
  return {
    train: gather(documents, pick(false)),
    heldOut: gather(documents, pick(true)),
    trainDocuments: count - wanted,
    heldOutDocuments: wanted,
    heldOutBytes: pick(true).reduce((sum, each) => sum + documents.bytes[each]!, 0),
  };
}

function whole({ ids, ends }: EncodedDocuments): SplitDocuments {
  const none = { heldOut: ids.subarray(0, 0), heldOutDocuments: 0, heldOutBytes: 0 };
  return { train: ids, trainDocuments: ends.length, ...none };
}

function splitTail({ ids, ends, bytes }: EncodedDocuments, share: number): SplitDocuments {
  const cut = ids.length - Math.round(ids.length * share);
  const allBytes = bytes.reduce((sum, each) => sum + each, 0);
  return {
    train: ids.subarray(0, cut),
    heldOut: ids.subarray(cut),
    trainDocuments: ends.length,
    heldOutDocuments: 0,
    // the share of the bytes that belongs to the share of the tokens: bytes are known per document only
    heldOutBytes: ids.length === 0 ? 0 : (allBytes * (ids.length - cut)) / ids.length,
  };
}

function gather({ ids, ends }: EncodedDocuments, documents: readonly number[]): TokenArray {
  const start = (document: number): number => (document === 0 ? 0 : ends[document - 1]!);
  const length = documents.reduce((sum, each) => sum + ends[each]! - start(each), 0);
  const gathered = ids.slice(0, length);
  let end = 0;
  for (const each of documents) {
    const part = ids.subarray(start(each), ends[each]!);
    gathered.set(part, end);
    end += part.length;
  }
  return gathered;
}
