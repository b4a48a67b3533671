/**
 * Which tokens a training step sees. The stream of tokens is cut into windows that follow each other; an epoch shows
 * every window once, in random order, and each epoch cuts at another place (its phase). The batch of a step depends
 * on nothing but the seed and the step, so a resumed run goes on exactly where it stopped.
 */
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { permutation, stream, uniformInt } from "../rng.js";

export interface SamplerOptions {
  /** N ids, the training tokens */
  readonly tokens: ArrayLike<number>;
  /** B, sequences per step */
  readonly batch: number;
  /** S, tokens per sequence */
  readonly sequence: number;
  readonly seed: number;
}

/** Where a run is in its data; what a checkpoint keeps. `epoch` and `offset` follow from the step and are for people. */
export interface SamplerState {
  readonly seed: number;
  /** the next step to be drawn, from 0 */
  readonly step: number;
  readonly epoch: number;
  /** windows of the epoch that have been seen */
  readonly offset: number;
  readonly tokens: number;
  readonly batch: number;
  readonly sequence: number;
}

export interface Sampler {
  /** W, windows per epoch */
  readonly windows: number;
  /** [B, S+1] ids: the first S of a row are the inputs, the last S the targets; `into` is reused when given */
  readonly batch: (step: number, into?: Int32Array) => Int32Array;
  readonly state: (step: number) => SamplerState;
  /** MOE6029 when a state was written for other data or other batches: the run could not be repeated */
  readonly check: (state: SamplerState) => void;
}

/** MOE6003 when the tokens do not fill one batch, B·S + 1. */
export function createSampler({ tokens, batch, sequence, seed }: SamplerOptions): Sampler {
  const [total, needed] = [tokens.length, batch * sequence + 1];
  if (total < needed) throw new DiagnosticError([diagnose("MOE6003", { tokens: total, needed })]);
  // one window less than would fit, so that the phase is free; with a single window the phase is what is left
  const windows = Math.max(1, Math.floor((total - 1) / sequence) - 1);
  const spare = total - 1 - windows * sequence;
  const epochStarts = remembered((epoch) => windowStarts(seed, epoch, windows, spare, sequence));
  return {
    windows,
    batch: (step, into = new Int32Array(batch * (sequence + 1))) => {
      for (let row = 0; row < batch; row++) {
        const window = step * batch + row;
        const start = epochStarts(Math.floor(window / windows))[window % windows]!;
        for (let at = 0; at <= sequence; at++) into[row * (sequence + 1) + at] = tokens[start + at]!;
      }
      return into;
    },
    state: (step) => {
      const seen = step * batch;
      const place = { epoch: Math.floor(seen / windows), offset: seen % windows };
      return { seed, step, ...place, tokens: total, batch, sequence };
    },
    check: (state) => {
      checkSame("the seed", state.seed, seed);
      checkSame("the number of training tokens", state.tokens, total);
      checkSame("the batch", state.batch, batch);
      checkSame("the sequence length", state.sequence, sequence);
    },
  };
}

function checkSame(what: string, before: number, now: number): void {
  if (before !== now) throw new DiagnosticError([diagnose("MOE6029", { what, before, now })]);
}

/** First token of each window of an epoch, in the order in which they are shown. */
function windowStarts(seed: number, epoch: number, windows: number, spare: number, sequence: number): Float64Array {
  const phase = uniformInt(stream(seed, "sampler", "phase", epoch), Math.min(spare, sequence - 1) + 1);
  const order = permutation(stream(seed, "sampler", "order", epoch), windows);
  return Float64Array.from(order, (window) => phase + window * sequence);
}

/** A batch may span two epochs: remembering two is enough. */
function remembered<T>(make: (epoch: number) => T): (epoch: number) => T {
  const known = new Map<number, T>();
  return (epoch) => {
    const value = known.get(epoch) ?? make(epoch);
    if (!known.has(epoch)) {
      if (known.size === 2) known.delete(Math.min(...known.keys()));
      known.set(epoch, value);
    }
    return value;
  };
}

/**
 * First tokens of at most `limit` windows for an evaluation, evenly spread, the same every time; windows do not
 * overlap in their targets. Empty when the tokens do not fill one window of S + 1.
 */
export function evaluationStarts(total: number, sequence: number, limit = Number.POSITIVE_INFINITY): number[] {
  const windows = Math.max(0, Math.floor((total - 1) / sequence));
  const count = Math.min(windows, limit);
  return Array.from({ length: count }, (_, i) => Math.floor((i * windows) / count) * sequence);
}
