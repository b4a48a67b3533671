/** Reads any Hugging Face `tokenizer.json`: byte-level BPE with our own fast encoder, every other kind with theirs. */
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../../host/host.js";
import { type TokenBuffer, tokenBuffer } from "./token-buffer.js";
import { bpeTokenizer, endOfTextId, type Tokenizer } from "./tokenizer.js";
import { bpeFromTokenizerJson } from "./tokenizer-json.js";

/** The tokenizer of a file; MOE6013 when it cannot be read, MOE6019 when it is not a tokenizer. */
export function readTokenizer(host: FileHost, path: string): Tokenizer {
  let text: string;
  try {
    text = host.readText(path);
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    throw new DiagnosticError([diagnose("MOE6013", { file: path, reason: cause.message })]);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    const model = bpeFromTokenizerJson(parsed);
    return model ? bpeTokenizer(model) : foreignTokenizer(parsed as object, text);
  } catch (cause) {
    throw new DiagnosticError([diagnose("MOE6019", { file: path, reason: (cause as Error).message })]);
  }
}

function foreignTokenizer(parsed: object, text: string): Tokenizer {
  const theirs = new HuggingFaceTokenizer(parsed, {});
  const specials = [...theirs.get_added_tokens_decoder()].map(([id, { content }]) => ({ id, content }));
  const size = Math.max(...theirs.get_vocab(true).values()) + 1;
  const ids = (each: string): number[] => theirs.encode(each, { add_special_tokens: false }).ids;
  const encodeInto = (each: string, into: TokenBuffer): void => into.pushAll(Int32Array.from(ids(each)));
  return {
    size,
    endOfText: endOfTextId(specials),
    encodeInto,
    encode: (each) => {
      const buffer = tokenBuffer();
      encodeInto(each, buffer);
      return buffer.packed(size);
    },
    decode: (each, options) => {
      const list = [...each];
      const settings = { skip_special_tokens: !options?.specials, clean_up_tokenization_spaces: false };
      return list.length === 0 ? "" : theirs.decode(list, settings);
    },
    json: () => text,
  };
}
