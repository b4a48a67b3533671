import { readFileSync } from "node:fs";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryHost } from "../../src/host/memory.js";
import { stream, uniformInt } from "../../src/runtime/rng.js";
import { trainBpe } from "../../src/runtime/tokenizer/bpe-train.js";
import { spell, unspell } from "../../src/runtime/tokenizer/byte-alphabet.js";
import { eachPreToken } from "../../src/runtime/tokenizer/pre-tokens.js";
import { readTokenizer } from "../../src/runtime/tokenizer/read-tokenizer.js";
import { bpeTokenizer, byteTokenizer, type Tokenizer } from "../../src/runtime/tokenizer/tokenizer.js";

// real English and code that every checkout has
const library = "node_modules/typescript";
const text = ["README.md", "SECURITY.md", "lib/lib.es5.d.ts", "lib/lib.es2015.core.d.ts"]
  .map((name) => readFileSync(`${library}/${name}`, "utf8"))
  .join("\n");

const trained = bpeTokenizer(trainBpe([text], 1000));
const theirs = (tokenizer: Tokenizer): HuggingFaceTokenizer =>
  new HuggingFaceTokenizer(JSON.parse(tokenizer.json()), {});
const idsOf = (peer: HuggingFaceTokenizer, each: string): number[] =>
  peer.encode(each, { add_special_tokens: false }).ids;

const awkward = [
  "",
  " ",
  "it's we'll they've I'd you're 'tis ''s",
  "  two  spaces   and\ttabs\n\n\nlines \n ",
  "grüße 你好世界 مرحبا 👩‍👩‍👧 e\u0301 \u00a0\u2003x",
  "a1b22c333 --- ===!!! $x_y",
  "left\ud800right",
  "end<|endoftext|>start<|endoftext|>",
  "x".repeat(3000),
  "ab".repeat(700),
];

describe("training", () => {
  test("merges the most frequent pair first, ties by lower ids", () => {
    // counts: "a b" 3, "b c" 3 → tie, (a, b) has the lower left id; then "ab c"
    const model = trainBpe(["abc", "abc", "abc"], 259);
    expect(model.pairs).toEqual([
      [97, 98],
      [257, 99],
    ]);
    expect(model.specials).toEqual([{ id: 256, content: "<|endoftext|>" }]);
  });
  test("agrees with counting everything anew at every step", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 30 }), { maxLength: 8 }),
        (texts) => {
          expect(trainBpe(texts, 277).pairs).toEqual(slowMerges(texts, 20));
        },
      ),
    );
  });
  test("stops when no pair occurs twice", () => {
    expect(trainBpe(["abcdef"], 4096).size).toBe(257);
    expect(trainBpe([], 4096).size).toBe(257);
  });
  test("is the same for the same texts and compresses them", () => {
    expect(bpeTokenizer(trainBpe([text], 1000)).json()).toBe(trained.json());
    expect(trained.size).toBe(1000);
    expect(text.length / trained.encode(text).length).toBeGreaterThan(2.5);
  });
});

/** The definition, without any bookkeeping. */
function slowMerges(texts: readonly string[], count: number): [number, number][] {
  const words: number[][] = [];
  for (const each of texts) eachPreToken(each, (piece) => words.push([...new TextEncoder().encode(piece)]));
  const merges: [number, number][] = [];
  while (merges.length < count) {
    const pairs = new Map<string, number>();
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++) {
        const key = `${word[at]},${word[at + 1]}`;
        pairs.set(key, (pairs.get(key) ?? 0) + 1);
      }
    }
    const ranked = [...pairs].map(([key, n]) => [n, ...key.split(",").map(Number)] as [number, number, number]);
    ranked.sort((a, b) => b[0] - a[0] || a[1] - b[1] || a[2] - b[2]);
    const best = ranked[0];
    if (best === undefined || best[0] < 2) break;
    merges.push([best[1], best[2]]);
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++) {
        if (word[at] === best[1] && word[at + 1] === best[2]) word.splice(at, 2, 256 + merges.length);
      }
    }
  }
  return merges;
}

describe("encoding", () => {
  const peer = theirs(trained);
  test("equals Hugging Face's library on real text", () => {
    expect(Array.from(trained.encode(text))).toEqual(idsOf(peer, text));
    const other = readFileSync(`${library}/lib/lib.dom.d.ts`, "utf8").slice(0, 300_000);
    expect(Array.from(trained.encode(other))).toEqual(idsOf(peer, other));
  });
  test.each(awkward.map((each) => [each]))("equals Hugging Face's library on %j", (each) => {
    expect(Array.from(trained.encode(each))).toEqual(idsOf(peer, each));
  });
  test("equals Hugging Face's library on random text", () => {
    const unit = fc.oneof(
      fc.constantFrom(" ", "\n", "'", "e", "t", "th", "1", "-", "ing"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 2 }),
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (each) => {
        expect(Array.from(trained.encode(each))).toEqual(idsOf(peer, each));
      }),
      { numRuns: 500 },
    );
  });
  test("and back gives the text again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (each) => {
        expect(trained.decode(trained.encode(each), { specials: true })).toBe(each);
      }),
    );
    expect(trained.decode(trained.encode("a<|endoftext|>b"))).toBe("ab");
    expect(peer.decode(Array.from(trained.encode(awkward[4]!)), { clean_up_tokenization_spaces: false })).toBe(
      awkward[4],
    );
  });
  test("a text longer than one stretch is cut nowhere else", () => {
    const rng = stream(1);
    const words = ["hello", " world", "\n\n", "  x", "'s", "42", " \n"];
    const long = Array.from({ length: 700_000 }, () => words[uniformInt(rng, words.length)]).join("");
    expect(long.length).toBeGreaterThan(2 << 20);
    const pieces: string[] = [];
    eachPreToken(long, (piece) => pieces.push(piece));
    const whole = long.match(/'(?:[stmd]|re|ve|ll)| ?(?:\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+)|\s+(?!\S)|\s+/gu)!;
    expect(pieces.length).toBe(whole.length);
    expect(pieces.every((piece, i) => piece === whole[i])).toBe(true);
  });
});

describe("bytes", () => {
  test("are their own ids, 256 of them, no end of text", () => {
    const bytes = byteTokenizer();
    expect([bytes.size, bytes.endOfText]).toEqual([256, undefined]);
    expect(Array.from(bytes.encode("aü\n"))).toEqual([97, 0xc3, 0xbc, 10]);
    expect(bytes.decode([0xc3, 0xbc, 0xff])).toBe("ü\ufffd");
    for (const each of awkward) expect(Array.from(bytes.encode(each))).toEqual(idsOf(theirs(bytes), each));
  });
  test("are spelled one character each", () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect([...spell(all)].length).toBe(256);
    expect(unspell(spell(all))).toEqual([...all]);
    expect(spell([32, 10, 65])).toBe("ĠĊA");
    expect(unspell("a b")).toBeUndefined();
  });
});

describe("files", () => {
  const read = (content: string): Tokenizer =>
    readTokenizer(memoryHost({ files: { "tokenizer.json": content } }), "tokenizer.json");
  test("of our own come back as they were", () => {
    const again = read(trained.json());
    expect(again.json()).toBe(trained.json());
    expect(again.endOfText).toBe(256);
    expect(again.encode(text)).toEqual(trained.encode(text));
  });
  test("list every id in the vocabulary, specials too, as readers other than ours rely on", () => {
    const { added_tokens: added, model } = JSON.parse(trained.json());
    expect(Object.values(model.vocab).sort((x, y) => Number(x) - Number(y))).toEqual(
      Array.from({ length: 1000 }, (_, id) => id),
    );
    expect([added[0].id, model.vocab["<|endoftext|>"]]).toEqual([256, 256]);
  });
  test("of another kind are read by Hugging Face's library", () => {
    const words = { unk: 0, hello: 1, world: 2, "</s>": 3 };
    const file = {
      added_tokens: [{ id: 3, content: "</s>", special: true }],
      normalizer: { type: "Lowercase" },
      pre_tokenizer: { type: "Whitespace" },
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab: words, unk_token: "unk" },
    };
    // Hugging Face's JavaScript library knows no WordLevel; WordPiece with whole words does the same
    const tokenizer = read(
      JSON.stringify({ ...file, model: { ...file.model, type: "WordPiece", continuing_subword_prefix: "##" } }),
    );
    expect(Array.from(tokenizer.encode("Hello WORLD there"))).toEqual([1, 2, 0]);
    expect([tokenizer.size, tokenizer.endOfText]).toEqual([4, 3]);
    expect(tokenizer.decode([1, 2, 3])).toBe("hello world");
  });
  test.each([["{"], ["null"], ["{}"], ['{"model":{"type":"Nonsense"}}']])(
    "that are no tokenizer are refused: %s",
    (content) => {
      expect(() => read(content)).toThrow("MOE6019: the tokenizer `tokenizer.json` cannot be used");
    },
  );
  test("that are not there are refused", () => {
    expect(() => readTokenizer(memoryHost(), "tokenizer.json")).toThrow("MOE6013");
  });
});
