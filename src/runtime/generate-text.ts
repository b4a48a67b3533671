/** Text from a model: one token after the other, each drawn from what the model predicts. */
import { type DrawOptions, drawToken } from "./draw-token.js";
import type { Engine } from "./engine.js";
import { type Predict, type PredictSize, predictWhole } from "./predict.js";
import { stream } from "./rng.js";
import type { Tokenizer } from "./tokenizer/tokenizer.js";

export interface SampleOptions extends Partial<DrawOptions> {
  /** tokens to add */
  readonly tokens?: number | undefined;
  readonly seed?: number | undefined;
  /** told every piece of text as soon as it is certain */
  readonly write?: ((piece: string) => void) | undefined;
}

export const sampleDefaults = { tokens: 100, seed: 0, temperature: 0.8 } as const;

/** What was written, and how long it took. */
export interface Written {
  /** what was added, without the prompt */
  readonly text: string;
  /** ids of the prompt, and ids that were drawn */
  readonly prompt: number;
  readonly tokens: number;
  /** whether the model ended the document */
  readonly ended: boolean;
  /** from the start to the first token, and from there to the last */
  readonly milliseconds: { readonly first: number; readonly rest: number };
}

/** Continues a prompt by a program that computes the whole context; the text that was added, without the prompt. */
export async function generateText(
  engine: Engine,
  tokenizer: Tokenizer,
  size: PredictSize,
  prompt: string,
  options: SampleOptions = {},
): Promise<string> {
  return (await writeText(predictWhole(engine, "evaluate", size), tokenizer, size.vocab, prompt, options)).text;
}

/** Continues a prompt. Ends early where the model ends the document. */
export async function writeText(
  predict: Predict,
  tokenizer: Tokenizer,
  vocab: number,
  prompt: string,
  options: SampleOptions = {},
): Promise<Written> {
  const { tokens = sampleDefaults.tokens, seed = sampleDefaults.seed } = options;
  const draw = { ...options, temperature: options.temperature ?? sampleDefaults.temperature };
  const rng = stream(seed, "sample");
  const ids = promptIds(tokenizer, prompt);
  const [start, said, begin] = [ids.length, piecewise(options.write), performance.now()];
  let first = begin;
  let ended = false;
  while (ids.length < start + tokens) {
    const next = drawToken(await predict(ids), Math.min(vocab, tokenizer.size), draw, rng);
    if (ids.length === start) first = performance.now();
    ended = next === tokenizer.endOfText;
    if (ended) break;
    ids.push(next);
    said(tokenizer.decode(ids.slice(start)), false);
  }
  const milliseconds = { first: first - begin, rest: performance.now() - first };
  const text = tokenizer.decode(ids.slice(start));
  said(text, true);
  return { text, prompt: start, tokens: ids.length - start, ended, milliseconds };
}

/** Without a prompt the model starts a document, if its vocabulary can say so, else a line. */
function promptIds(tokenizer: Tokenizer, prompt: string): number[] {
  const ids = Array.from(tokenizer.encode(prompt));
  if (ids.length > 0) return ids;
  return tokenizer.endOfText === undefined ? Array.from(tokenizer.encode("\n")) : [tokenizer.endOfText];
}

/** Passes on what is new in a growing text; a character whose bytes are not all there yet waits. */
function piecewise(write: ((piece: string) => void) | undefined): (text: string, whole: boolean) => void {
  let written = 0;
  return (text, whole) => {
    const certain = whole ? text : text.replace(/\ufffd+$/, "");
    if (certain.length > written) write?.(certain.slice(written));
    written = Math.max(written, certain.length);
  };
}
