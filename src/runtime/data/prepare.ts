/**
 * From the patterns of a spec to the tokens of a run: find the files, read the documents, train or read the
 * tokenizer, encode, hold some documents out, count. What only depends on the files is kept in the cache.
 */
import { diagnose } from "../../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../../diagnostics/diagnostic.js";
import { type FileHost, IoError } from "../../host/host.js";
import { sha256 } from "../sha256.js";
import { trainBpe } from "../tokenizer/bpe-train.js";
import { readTokenizer } from "../tokenizer/read-tokenizer.js";
import { type TokenArray, tokenBuffer } from "../tokenizer/token-buffer.js";
import { bpeTokenizer, byteTokenizer, type Tokenizer } from "../tokenizer/tokenizer.js";
import { countTokens } from "./count-tokens.js";
import { cachedDocuments, keepDocuments } from "./data-cache.js";
import type { Encoded } from "./encoded.js";
import { findFiles } from "./find-files.js";
import { type RawFile, readTexts } from "./read-texts.js";
import { holdsTokens, readTokens } from "./read-tokens.js";
import { type EncodedDocuments, splitDocuments } from "./split.js";

export type TokenizerChoice =
  | { readonly kind: "byte" }
  | { readonly kind: "bpe"; readonly vocab: number }
  | { readonly kind: "file"; readonly path: string };

export interface DataOptions {
  readonly patterns: readonly string[];
  readonly tokenizer: TokenizerChoice;
  /** V of the model; the tokenizer may have fewer ids, not more */
  readonly vocab: number;
  /** share of the documents to hold out, 0–1 */
  readonly heldOut: number;
  readonly seed: number;
  /** folder of the cache; none: everything is made anew */
  readonly cache?: string | undefined;
  /** told what is being done, one short line each */
  readonly report?: ((what: string) => void) | undefined;
}

export interface PreparedData {
  /** undefined for token files, unless the spec names the tokenizer's file */
  readonly tokenizer: Tokenizer | undefined;
  readonly train: TokenArray;
  readonly heldOut: TokenArray;
  /** bytes of UTF-8 behind the held-out tokens, for bits per byte; 0 when not known */
  readonly heldOutBytes: number;
  /** occurrences of each id in the training tokens, V long */
  readonly counts: Float64Array;
  readonly files: number;
  readonly trainDocuments: number;
  readonly heldOutDocuments: number;
  /** SHA-256 of the files' names and contents */
  readonly hash: string;
  readonly warnings: readonly Diagnostic[];
}

/** Everything a run needs to know of its data. All mistakes of the 6xxx family that data can have are thrown here. */
export async function prepareData(host: FileHost, options: DataOptions): Promise<PreparedData> {
  const { vocab, heldOut, seed } = options;
  const found = findFiles(host, options.patterns);
  options.report?.(`reading ${found.files.length} files`);
  const files = found.files.map((path) => readRaw(host, path));
  const hash = hashFiles(files);
  const encoded = isTokenFiles(files)
    ? encodeTokens(host, files, options)
    : await encodeTexts(host, files, hash, options);
  checkVocabulary(encoded.tokenizer, vocab, options.tokenizer);
  const split = splitDocuments(encoded.documents, heldOut, seed);
  return {
    ...split,
    tokenizer: encoded.tokenizer,
    counts: countTokens(split.train, vocab),
    files: files.length,
    hash,
    warnings: [...found.warnings, ...encoded.warnings],
  };
}

function readRaw(host: FileHost, path: string): RawFile {
  try {
    return { path, bytes: host.readBytes(path) };
  } catch (cause) {
    if (!(cause instanceof IoError)) throw cause;
    throw new DiagnosticError([diagnose("MOE6013", { file: path, reason: cause.message })]);
  }
}

function hashFiles(files: readonly RawFile[]): string {
  return sha256(files.map(({ path, bytes }) => `${path}\0${sha256(bytes)}\n`).join(""));
}

function isTokenFiles(files: readonly RawFile[]): boolean {
  const tokens = files.find(({ path }) => holdsTokens(path));
  const text = files.find(({ path }) => !holdsTokens(path));
  if (tokens && text) throw new DiagnosticError([diagnose("MOE6032", { text: text.path, tokens: tokens.path })]);
  return tokens !== undefined;
}

/** The ids of token files as they are; a file is a document. Only a tokenizer that is a file can be theirs. */
function encodeTokens(host: FileHost, files: readonly RawFile[], { tokenizer, vocab }: DataOptions): Encoded {
  const parts = files.map((file) => readTokens(file, vocab));
  const ids = new Uint16Array(parts.reduce((sum, part) => sum + part.length, 0));
  if (ids.length === 0) throw new DiagnosticError([diagnose("MOE6002", { files: files.length })]);
  const ends = new Float64Array(parts.length);
  let end = 0;
  parts.forEach((part, i) => {
    ids.set(part, end);
    end += part.length;
    ends[i] = end;
  });
  const documents = { ids, ends, bytes: new Float64Array(parts.length) };
  return {
    documents,
    tokenizer: tokenizer.kind === "file" ? readTokenizer(host, tokenizer.path) : undefined,
    warnings: [],
  };
}

async function encodeTexts(
  host: FileHost,
  files: readonly RawFile[],
  hash: string,
  options: DataOptions,
): Promise<Encoded> {
  const { tokenizer: choice, cache, report } = options;
  const fixed = choice.kind === "file" ? readTokenizer(host, choice.path) : undefined;
  const key = sha256(JSON.stringify([hash, choice, fixed?.json()]));
  const known = cache === undefined ? undefined : cachedDocuments(host, cache, key);
  if (known) return known;
  const { texts, warnings } = await readTexts(files);
  if (texts.length === 0) throw new DiagnosticError([diagnose("MOE6002", { files: files.length })]);
  if (choice.kind === "bpe") report?.(`training a BPE vocabulary of ${choice.vocab}`);
  const tokenizer = fixed ?? (choice.kind === "bpe" ? bpeTokenizer(trainBpe(texts, choice.vocab)) : byteTokenizer());
  report?.(`encoding ${texts.length} documents`);
  const encoded = { documents: encodeDocuments(texts, tokenizer), tokenizer, warnings };
  return cache === undefined ? encoded : keepDocuments(host, cache, key, encoded);
}

/** Documents in order, each followed by the token that ends a text, if the vocabulary has one. */
function encodeDocuments(texts: readonly string[], tokenizer: Tokenizer): EncodedDocuments {
  const buffer = tokenBuffer();
  const ends = new Float64Array(texts.length);
  const bytes = new Float64Array(texts.length);
  const encoder = new TextEncoder();
  texts.forEach((text, i) => {
    tokenizer.encodeInto(text, buffer);
    if (tokenizer.endOfText !== undefined) buffer.push(tokenizer.endOfText);
    ends[i] = buffer.length;
    bytes[i] = encoder.encode(text).length;
  });
  return { ids: buffer.packed(tokenizer.size), ends, bytes };
}

function checkVocabulary(tokenizer: Tokenizer | undefined, vocab: number, choice: TokenizerChoice): void {
  if (tokenizer === undefined || tokenizer.size <= vocab) return;
  const file = choice.kind === "file" ? choice.path : choice.kind;
  const reason = `it has ${tokenizer.size} ids, the model's vocabulary has ${vocab}`;
  throw new DiagnosticError([diagnose("MOE6019", { file, reason })]);
}
