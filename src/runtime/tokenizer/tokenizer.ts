/** What the rest of the trainer sees of a tokenizer, whatever is behind it. */
import { bpeEncoder, decodeBpe, encodeBpe } from "./bpe-encode.js";
import { type BpeModel, bpeModel, endOfText } from "./bpe-model.js";
import { type TokenArray, type TokenBuffer, tokenBuffer } from "./token-buffer.js";
import { writeTokenizerJson } from "./tokenizer-json.js";

export interface Tokenizer {
  /** ids are 0 … size−1 */
  readonly size: number;
  /** the id that stands behind every document, if the vocabulary has one */
  readonly endOfText: number | undefined;
  readonly encode: (text: string) => TokenArray;
  /** appends the ids of a text */
  readonly encodeInto: (text: string, into: TokenBuffer) => void;
  /** the text of ids; bytes that are not UTF-8 become U+FFFD, specials are left out unless wanted */
  readonly decode: (ids: Iterable<number>, options?: { readonly specials?: boolean }) => string;
  /** the content of a `tokenizer.json` that means the same */
  readonly json: () => string;
}

/** One id per byte, 256 in all; no id ends a document. */
export function byteTokenizer(): Tokenizer {
  return bpeTokenizer(bpeModel([], []));
}

/** Names under which vocabularies list the token that ends a document. */
const endNames = [endOfText.content, "<|end_of_text|>", "</s>", "<eos>", "<|eos|>"];

/** The id of the first special that, by its name, ends a document. */
export function endOfTextId(
  specials: readonly { readonly id: number; readonly content: string }[],
): number | undefined {
  return endNames.map((name) => specials.find(({ content }) => content === name)?.id).find((id) => id !== undefined);
}

/** A tokenizer of a BPE vocabulary, trained or read. */
export function bpeTokenizer(model: BpeModel): Tokenizer {
  const encoder = bpeEncoder(model);
  const encodeInto = (text: string, into: TokenBuffer): void => encodeBpe(encoder, text, into);
  return {
    size: model.size,
    endOfText: endOfTextId(model.specials),
    encodeInto,
    encode: (text) => {
      const buffer = tokenBuffer();
      encodeInto(text, buffer);
      return buffer.packed(model.size);
    },
    decode: (ids, options) => decodeBpe(options?.specials ? model : { ...model, specials: [] }, ids),
    json: () => writeTokenizerJson(model),
  };
}
