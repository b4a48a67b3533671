/** Draws the next token from what a model predicts: of all tokens, or of the likeliest. */
import { type Rng, uniform } from "./rng.js";

export interface DrawOptions {
  /** 0 takes the likeliest token; 1 draws as the model predicts */
  readonly temperature: number;
  /** only the k likeliest tokens; all if not given */
  readonly topK?: number | undefined;
  /** only the likeliest tokens that together have this probability, at least one (nucleus sampling, arXiv 1904.09751) */
  readonly topP?: number | undefined;
}

/** Draws an id below `size` with probability softmax(logits / temperature) among those allowed; ties go to the lowest id. */
export function drawToken(logits: Float32Array, size: number, options: DrawOptions, rng: Rng): number {
  const { temperature } = options;
  let best = 0;
  for (let id = 1; id < size; id++) if (logits[id]! > logits[best]!) best = id;
  if (temperature === 0) return best;
  const weights = Float64Array.from({ length: size }, (_, id) => Math.exp((logits[id]! - logits[best]!) / temperature));
  for (const id of leftOut(weights, options)) weights[id] = 0;
  let left = uniform(rng) * weights.reduce((sum, each) => sum + each, 0);
  for (let id = 0; id < size; id++) {
    left -= weights[id]!;
    if (left < 0) return id;
  }
  return best;
}

/** Ids that are too unlikely to be drawn: past the first k, then past a share of what is left. */
function leftOut(weights: Float64Array, { topK, topP = 1 }: DrawOptions): readonly number[] {
  if (topK === undefined && topP >= 1) return [];
  const order = Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const first = order.slice(0, topK);
  let left = topP * first.reduce((sum, id) => sum + weights[id]!, 0);
  let count = 0;
  while (count < first.length && left > 0) left -= weights[first[count++]!]!;
  return order.slice(topP < 1 ? Math.max(1, count) : first.length);
}
