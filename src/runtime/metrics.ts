/** What is measured while training: a line of `metrics.jsonl` per step, running means, speed and time left. */
import type { FileHost } from "../host/host.js";
import { writing } from "./safetensors-write.js";

/** One line of `metrics.jsonl` and of `--json`; the first ten names are relied on by scripts. */
export interface StepMetrics {
  readonly step: number;
  /** total: cross-entropy and balance losses, nats */
  readonly loss: number;
  readonly cross_entropy: number;
  readonly balance: number;
  readonly lr: number;
  /** global L2 norm of all gradients, before clipping */
  readonly grad_norm: number;
  readonly tokens_per_second: number;
  /** the largest ratio over the layers */
  readonly load_max_over_mean: number;
  /** over all layers */
  readonly dead_experts: number;
  /** share of the edges, 0–1 */
  readonly dropped: number;
  readonly [name: string]: unknown;
}

export interface MetricsFile {
  readonly write: (metrics: Readonly<Record<string, unknown>>) => void;
}

/**
 * Opens `metrics.jsonl` for appending. When a run goes on after step `after`, later lines, and a last line that was
 * cut off, are removed first; without `after` the file starts empty.
 */
export function openMetrics(host: FileHost, path: string, after?: number): MetricsFile {
  const lines = after === undefined || host.kind(path) !== "file" ? [] : host.readText(path).split("\n");
  const keep = lines.filter((line) => isUpTo(line, after!));
  writing(path, () => {
    host.write(`${path}.writing`, keep.map((line) => `${line}\n`).join(""));
    host.rename(`${path}.writing`, path);
  });
  return { write: (metrics) => writing(path, () => host.append(path, `${jsonLine(metrics)}\n`)) };
}

function isUpTo(line: string, after: number): boolean {
  try {
    const { step } = JSON.parse(line) as { step?: unknown };
    return typeof step === "number" && step <= after;
  } catch {
    return false;
  }
}

/** A record as one line of JSON; numbers that JSON cannot hold become texts, so that a divergence stays visible. */
export function jsonLine(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(record, (_, value) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}

/** A running mean that forgets; `value` is debiased, so that the first steps are right, too. */
export interface RunningMean {
  readonly add: (value: number) => number;
  /** NaN before the first value */
  readonly value: () => number;
}

/** Exponential mean: each new value weighs 1 − decay. */
export function runningMean(decay: number): RunningMean {
  let [sum, weight] = [0, 0];
  const value = (): number => sum / weight;
  return {
    value,
    add: (each) => {
      sum = decay * sum + (1 - decay) * each;
      weight = decay * weight + (1 - decay);
      return value();
    },
  };
}

export interface SpeedOptions {
  readonly tokensPerStep: number;
  /** steps of the whole run */
  readonly steps: number;
  /** steps at the start of this process that are not timed: caches and threads warm up */
  readonly warmup?: number;
}

export interface Speed {
  /** milliseconds per step, running mean; NaN until a step was timed */
  readonly stepMs: number;
  readonly tokensPerSecond: number;
  /** seconds until the last step */
  readonly secondsLeft: number;
}

/** A meter to be told of each step (numbered from 1) and the milliseconds it took. */
export function speedMeter({ tokensPerStep, steps, warmup = 2 }: SpeedOptions): (step: number, ms: number) => Speed {
  const mean = runningMean(0.9);
  let seen = 0;
  return (step, ms) => {
    // until then the only measure there is, is better than none
    const stepMs = seen++ < warmup ? ms : mean.add(ms);
    return { stepMs, tokensPerSecond: (1000 * tokensPerStep) / stepMs, secondsLeft: ((steps - step) * stepMs) / 1000 };
  };
}
