/**
 * Text from a model: one token after the other, each drawn from what the model predicts. The whole context is computed
 * anew for every token. A text longer than the context is seen through its last tokens.
 */
import type { Engine } from "./engine.js";
import { type Rng, stream, uniform } from "./rng.js";
import type { Tokenizer } from "./tokenizer/tokenizer.js";

export interface SampleOptions {
  /** tokens to add */
  readonly tokens?: number | undefined;
  readonly seed?: number | undefined;
  /** 0 takes the likeliest token; 1 draws as the model predicts */
  readonly temperature?: number | undefined;
  /** told every piece of text as soon as it is certain */
  readonly write?: ((piece: string) => void) | undefined;
}

export const sampleDefaults = { tokens: 100, seed: 0, temperature: 0.8 } as const;

/** S and V of a program that gives logits; row 0 of its batch is used. */
export interface SampleShape {
  /** `evaluate` unless said; `sample` where selections may look ahead */
  readonly program?: "evaluate" | "sample";
  readonly sequence: number;
  readonly vocab: number;
}

/** Continues a prompt; the text that was added, without the prompt. Ends early where the model ends the document. */
export async function generateText(
  engine: Engine,
  tokenizer: Tokenizer,
  shape: SampleShape,
  prompt: string,
  options: SampleOptions = {},
): Promise<string> {
  const { tokens = sampleDefaults.tokens, seed = sampleDefaults.seed } = options;
  const temperature = options.temperature ?? sampleDefaults.temperature;
  const { sequence, vocab, program = "evaluate" } = shape;
  const rng = stream(seed, "sample");
  const ids = promptIds(tokenizer, prompt);
  const start = ids.length;
  const said = piecewise(options.write);
  while (ids.length < start + tokens) {
    const logits = await nextLogits(engine, ids, { sequence, vocab, program });
    const next = drawToken(logits, Math.min(vocab, tokenizer.size), temperature, rng);
    if (next === tokenizer.endOfText) break;
    ids.push(next);
    said(tokenizer.decode(ids.slice(start)), false);
  }
  const text = tokenizer.decode(ids.slice(start));
  said(text, true);
  return text;
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

async function nextLogits(
  engine: Engine,
  ids: readonly number[],
  { sequence, vocab, program }: Required<SampleShape>,
): Promise<Float32Array> {
  const seen = ids.slice(-sequence);
  const tokens = engine.view("input", "tokens");
  tokens.fill(0);
  // what comes after the text cannot change what is predicted before it: attention looks back only
  tokens.set(seen);
  if (engine.has("input", "targets")) engine.view("input", "targets").fill(0);
  await engine.run(program, ["logits"]);
  const row = (seen.length - 1) * vocab;
  return engine.output(program, "logits")!.subarray(row, row + vocab);
}

/** Draws an id below `size` with probability softmax(logits / temperature); the likeliest one at temperature 0. */
export function drawToken(logits: Float32Array, size: number, temperature: number, rng: Rng): number {
  let best = 0;
  for (let id = 1; id < size; id++) if (logits[id]! > logits[best]!) best = id;
  if (temperature === 0) return best;
  const weights = Float64Array.from({ length: size }, (_, id) => Math.exp((logits[id]! - logits[best]!) / temperature));
  let left = uniform(rng) * weights.reduce((sum, each) => sum + each, 0);
  for (let id = 0; id < size; id++) {
    left -= weights[id]!;
    if (left < 0) return id;
  }
  return best;
}
