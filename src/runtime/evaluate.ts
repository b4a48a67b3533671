/** Measures a model on held-out text: cross-entropy, perplexity, bits per byte. Nothing is learned. */

import type { PreparedData } from "./data/prepare.js";
import { evaluationStarts } from "./data/sampler.js";
import type { Engine } from "./engine.js";
import { bitsPerByte } from "./progress.js";

export interface Evaluation {
  /** mean cross-entropy per token, nats */
  readonly loss: number;
  readonly perplexity: number;
  /** undefined where the bytes behind the tokens are not known */
  readonly bitsPerByte: number | undefined;
  /** tokens that were predicted */
  readonly tokens: number;
}

export interface EvaluationPlan {
  /** B×S per run */
  readonly batch: number;
  readonly sequence: number;
  /** first tokens of the windows, a whole number of batches */
  readonly starts: readonly number[];
}

/** Batches that an evaluation takes at most: more would not move its second decimal, and take a step's time each. */
const mostBatches = 16;

/** The same evenly spread windows every time; none when the held-out tokens do not fill one. */
export function planEvaluation(heldOut: ArrayLike<number>, batch: number, sequence: number): EvaluationPlan {
  const found = evaluationStarts(heldOut.length, sequence, batch * mostBatches);
  // fewer windows than a batch holds are shown again, so that every row of the batch means something
  const starts =
    found.length >= batch
      ? found.slice(0, found.length - (found.length % batch))
      : Array.from({ length: found.length === 0 ? 0 : batch }, (_, i) => found[i % found.length]!);
  return { batch, sequence, starts };
}

/** Runs the `evaluate` program over the planned windows; undefined without windows or when `stopped` says so. */
export async function evaluate(
  engine: Engine,
  data: PreparedData,
  { batch, sequence, starts }: EvaluationPlan,
  stopped: () => boolean = () => false,
): Promise<Evaluation | undefined> {
  if (starts.length === 0) return undefined;
  let [sum, batches] = [0, 0];
  for (let at = 0; at < starts.length; at += batch) {
    if (stopped()) return undefined;
    writeWindows(engine, data.heldOut, starts.slice(at, at + batch), sequence);
    await engine.run("evaluate");
    sum += engine.output("evaluate", "cross_entropy")![0]!;
    batches++;
  }
  const loss = sum / batches;
  const bytes = data.heldOutBytes;
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: bytes > 0 ? bitsPerByte(loss, data.heldOut.length, bytes) : undefined,
    tokens: starts.length * sequence,
  };
}

function writeWindows(engine: Engine, ids: ArrayLike<number>, starts: readonly number[], sequence: number): void {
  const [tokens, targets] = [engine.view("input", "tokens"), engine.view("input", "targets")];
  starts.forEach((start, row) => {
    for (let at = 0; at < sequence; at++) {
      tokens[row * sequence + at] = ids[start + at]!;
      targets[row * sequence + at] = ids[start + at + 1]!;
    }
  });
}

/** Writes a batch [B, S+1] of ids into the inputs `tokens` and `targets`, each [B, S]. */
export function writeBatch(engine: Engine, batch: Int32Array, sequence: number): void {
  const starts = Array.from({ length: batch.length / (sequence + 1) }, (_, row) => row * (sequence + 1));
  writeWindows(engine, batch, starts, sequence);
}
