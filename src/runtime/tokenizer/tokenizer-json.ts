/**
 * Byte-level BPE vocabularies as Hugging Face `tokenizer.json`, written and read. Other kinds of tokenizer have the
 * same file format; reading them is left to Hugging Face's own library (`read-tokenizer.ts`).
 */

import { type BpeModel, pairKey } from "./bpe-model.js";
import { spell, unspell } from "./byte-alphabet.js";

/** The text of a `tokenizer.json`; the same vocabulary gives the same bytes. */
export function writeTokenizerJson(model: BpeModel): string {
  const spelled = model.bytes.map((bytes) => bytes && spell(bytes));
  // specials are listed twice: Hugging Face's Rust library gives one that is not in `vocab` an id of its own choice
  for (const { id, content } of model.specials) spelled[id] = content;
  const vocab = Object.fromEntries(spelled.flatMap((text, id) => (text === undefined ? [] : [[text, id]])));
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const file = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: model.specials.map(({ id, content }) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: model.pairs.map(([left, right]) => `${spelled[left]} ${spelled[right]}`),
    },
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** The parts of the format that decide whether we understand a file. */
interface TokenizerJson {
  readonly added_tokens?: readonly {
    id: number;
    content: string;
    single_word?: boolean;
    lstrip?: boolean;
    rstrip?: boolean;
  }[];
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: { type?: string; add_prefix_space?: boolean; use_regex?: boolean } | null;
  readonly post_processor?: { type?: string } | null;
  readonly model?: {
    readonly type?: string;
    readonly dropout?: number | null;
    readonly unk_token?: string | null;
    readonly byte_fallback?: boolean;
    readonly ignore_merges?: boolean;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
    readonly vocab?: Readonly<Record<string, number>>;
    readonly merges?: readonly (string | readonly [string, string])[];
  };
}

/** The vocabulary of a parsed `tokenizer.json`, or undefined when it is of another kind than ours. */
export function bpeFromTokenizerJson(parsed: unknown): BpeModel | undefined {
  const file = parsed as TokenizerJson;
  if (!isByteLevelBpe(file)) return undefined;
  const { vocab = {}, merges = [] } = file.model!;
  const specials = (file.added_tokens ?? []).map(({ id, content }) => ({ id, content }));
  const bytes = bytesById(vocab, new Set(specials.map(({ id }) => id)));
  const byteIds = Int32Array.from({ length: 256 }, (_, byte) => vocab[spell([byte])] ?? -1);
  const triples = merges.map((merge) => {
    const [left, right] = typeof merge === "string" ? (merge.split(" ") as [string, string]) : merge;
    return [vocab[left], vocab[right], vocab[left + right]];
  });
  if (bytes === undefined || byteIds.includes(-1) || !triples.every((ids) => ids.every((id) => id !== undefined)))
    return undefined;
  const pairs = triples.map(([left, right]) => [left!, right!] as const);
  const ids = [...Object.values(vocab), ...specials.map(({ id }) => id)];
  return {
    size: ids.reduce((most, id) => Math.max(most, id + 1), 0),
    byteIds,
    bytes,
    ranks: new Map(pairs.map(([left, right], rank) => [pairKey(left, right), rank])),
    merged: Int32Array.from(triples, (ids) => ids[2]!),
    pairs,
    specials,
  };
}

function isByteLevelBpe({
  added_tokens,
  normalizer,
  pre_tokenizer: cut,
  post_processor: post,
  model,
}: TokenizerJson): boolean {
  const plainSpecials = (added_tokens ?? []).every((token) => !token.single_word && !token.lstrip && !token.rstrip);
  const plainModel =
    model?.type === "BPE" &&
    !model.dropout &&
    !model.byte_fallback &&
    !model.ignore_merges &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix;
  const ourCut = cut?.type === "ByteLevel" && !cut.add_prefix_space && cut.use_regex !== false;
  return !normalizer && plainSpecials && plainModel && ourCut && (!post || post.type === "ByteLevel");
}

function bytesById(
  vocab: Readonly<Record<string, number>>,
  specialIds: ReadonlySet<number>,
): (Uint8Array | undefined)[] | undefined {
  const bytes: (Uint8Array | undefined)[] = [];
  for (const [text, id] of Object.entries(vocab)) {
    const spelled = unspell(text);
    // a special may also be listed in the vocabulary, in plain spelling
    if (specialIds.has(id)) continue;
    if (spelled === undefined) return undefined;
    bytes[id] = Uint8Array.from(spelled);
  }
  return bytes;
}
