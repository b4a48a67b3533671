/** What a person sees while a model trains: the progress line and the numbers in it. Pure: data in, text out. */

export interface Progress {
  /** steps done, of all */
  readonly step: number;
  readonly steps: number;
  /** running means, nats */
  readonly loss: number;
  readonly crossEntropy: number;
  /** further parts of the loss by short name, e.g. { bal: 0.011, z: 0.003 } */
  readonly parts?: Readonly<Record<string, number>>;
  /** the last evaluation, if there was one; bits per byte only where bytes are known */
  readonly evaluation?: { readonly loss: number; readonly bitsPerByte?: number | undefined } | undefined;
  readonly lr: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  readonly stepMs: number;
  /** absent for designs without a mixture */
  readonly load?: { readonly maxOverMean: number; readonly dead: number; readonly dropped: number } | undefined;
  readonly memoryBytes?: number | undefined;
  readonly secondsLeft: number;
}

/** One line, parts separated by ` | `; parts that are not known are left out. */
export function progressLine(progress: Progress): string {
  const { step, steps, lr, gradNorm, tokensPerSecond, stepMs, load, memoryBytes, secondsLeft } = progress;
  const parts = [
    `step ${step}/${steps} ${((100 * step) / steps).toFixed(1)}%`,
    lossPart(progress),
    evaluationPart(progress),
    `lr ${formatScientific(lr)}`,
    `gnorm ${gradNorm.toFixed(2)}`,
    `${formatCount(tokensPerSecond)} tok/s`,
    `dt ${formatDuration(stepMs / 1000)}`,
    load && `load max/mean ${load.maxOverMean.toFixed(2)} dead ${load.dead} drop ${(100 * load.dropped).toFixed(1)}%`,
    memoryBytes === undefined ? undefined : `mem ${formatBytes(memoryBytes)}`,
    `eta ${formatDuration(secondsLeft)}`,
  ];
  return parts.filter((part) => part !== undefined).join(" | ");
}

function lossPart({ loss, crossEntropy, parts = {} }: Progress): string {
  const others = Object.entries(parts).map(([name, value]) => ` ${name} ${small(value)}`);
  return others.length === 0
    ? `loss ${loss.toFixed(3)}`
    : `loss ${loss.toFixed(3)} (ce ${crossEntropy.toFixed(3)}${others.join("")})`;
}

function evaluationPart({ evaluation }: Progress): string | undefined {
  if (evaluation === undefined) return undefined;
  const { loss, bitsPerByte } = evaluation;
  const rest = bitsPerByte === undefined ? "" : ` bpb ${bitsPerByte.toFixed(2)}`;
  return `val ${loss.toFixed(2)} ppl ${Math.exp(loss).toPrecision(3).replace(/e\+?/, "e")}${rest}`;
}

/** `.011` for numbers below one, as people write small parts of a loss. */
function small(value: number): string {
  return value.toFixed(3).replace(/^(-?)0\./, "$1.");
}

/** `3.0e-4` */
export function formatScientific(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}

/** `950`, `12.3k`, `4.56M`: three digits that matter. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const unit = value >= 999_500_000 ? "G" : value >= 999_500 ? "M" : value >= 1000 ? "k" : "";
  const scaled = value / { G: 1e9, M: 1e6, k: 1e3, "": 1 }[unit];
  return (scaled >= 99.95 || unit === "" ? scaled.toFixed(0) : scaled.toFixed(1)) + unit;
}

/** `166ms`, `2.5s`, `5m12s`, `1h02m`, `3d04h`, from seconds. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds === 0) return "0s";
  if (seconds < 0.9995) return `${Math.round(1000 * seconds)}ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return pair(whole, 60, "m", 1, "s");
  return whole < 86_400 ? pair(whole, 3600, "h", 60, "m") : pair(whole, 86_400, "d", 3600, "h");
}

function pair(seconds: number, large: number, largeUnit: string, fine: number, fineUnit: string): string {
  const rest = Math.floor((seconds % large) / fine);
  return `${Math.floor(seconds / large)}${largeUnit}${String(rest).padStart(2, "0")}${fineUnit}`;
}

/** `512 B`, `3.4 MiB`, `1.2 GiB` */
export function formatBytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  return `${(count / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Bits per byte of text: nats per token, times tokens per byte, in bits. */
export function bitsPerByte(lossPerToken: number, tokens: number, textBytes: number): number {
  return (lossPerToken * tokens) / (Math.LN2 * textBytes);
}
