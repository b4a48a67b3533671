/**
 * Reverse-mode derivatives of plain numbers in f64, for implementations that owe nothing to the compiler: no arrays, no
 * axes, no ops of the graph. Every arithmetic step remembers what it read and its slope; `backward` walks the steps
 * from last to first. Slow and small on purpose.
 */

export interface Num {
  readonly value: number;
  /** d(result) / d(this), after `backward` */
  slope: number;
  /** later steps have larger numbers */
  readonly step: number;
  readonly from: readonly Num[];
  readonly slopes: readonly number[];
}

export type Vec = readonly Num[];

let steps = 0;

function made(value: number, from: readonly Num[] = [], slopes: readonly number[] = []): Num {
  return { value, slope: 0, step: steps++, from, slopes };
}

/** A number nothing was computed for: a weight, an input, a constant. */
export const num = (value: number): Num => made(value);

export const vec = (values: ArrayLike<number>): Vec => Array.from(values, num);

export const add = (...xs: readonly Num[]): Num =>
  made(
    xs.reduce((sum, x) => sum + x.value, 0),
    xs,
    xs.map(() => 1),
  );

export const sub = (a: Num, b: Num): Num => made(a.value - b.value, [a, b], [1, -1]);

export const mul = (a: Num, b: Num): Num => made(a.value * b.value, [a, b], [b.value, a.value]);

export const div = (a: Num, b: Num): Num =>
  made(a.value / b.value, [a, b], [1 / b.value, -a.value / (b.value * b.value)]);

/** Times a constant. */
export const scale = (a: Num, by: number): Num => made(a.value * by, [a], [by]);

export const exp = (a: Num): Num => {
  const e = Math.exp(a.value);
  return made(e, [a], [e]);
};

export const log = (a: Num): Num => made(Math.log(a.value), [a], [1 / a.value]);

export const sqrt = (a: Num): Num => {
  const root = Math.sqrt(a.value);
  return made(root, [a], [0.5 / root]);
};

export const tanh = (a: Num): Num => {
  const t = Math.tanh(a.value);
  return made(t, [a], [1 - t * t]);
};

/** max(0, x), with slope 0 at 0. */
export const relu = (a: Num): Num => made(Math.max(0, a.value), [a], [a.value > 0 ? 1 : 0]);

/** x held between two numbers; outside, nothing moves. */
export const clamp = (a: Num, low: number, high: number): Num =>
  made(Math.min(Math.max(a.value, low), high), [a], [a.value >= low && a.value <= high ? 1 : 0]);

export const sigmoid = (a: Num): Num => {
  const s = 1 / (1 + Math.exp(-a.value));
  return made(s, [a], [s * (1 - s)]);
};

/** x · Φ(x), Φ by the Taylor series of the error function: enough for the small numbers of tests. */
export const gelu = (a: Num): Num => {
  const x = a.value;
  let [term, series] = [x / Math.SQRT2, x / Math.SQRT2];
  for (let n = 1; Math.abs(term) > 1e-18 && n < 500; n++) {
    term *= -(x * x * (2 * n - 1)) / (2 * n * (2 * n + 1));
    series += term;
  }
  const normal = 0.5 + series / Math.sqrt(Math.PI);
  return made(x * normal, [a], [normal + (x * Math.exp(-x * x * 0.5)) / Math.sqrt(2 * Math.PI)]);
};

/** Φ(x): the Taylor series of the error function near 0, further out the continued fraction of what is left of 1. */
export const phi = (a: Num): Num => {
  const [x, far] = [a.value, Math.abs(a.value)];
  const density = Math.exp(-x * x * 0.5) / Math.sqrt(2 * Math.PI);
  if (far < 3) return made(x === 0 ? 0.5 : gelu(num(x)).value / x, [a], [density]);
  let below = far;
  for (let n = 80; n >= 1; n--) below = far + n / below;
  const tail = density / below;
  return made(x > 0 ? 1 - tail : tail, [a], [density]);
};

export const dot = (xs: Vec, ys: Vec): Num =>
  made(
    xs.reduce((sum, x, i) => sum + x.value * ys[i]!.value, 0),
    [...xs, ...ys],
    [...ys.map((y) => y.value), ...xs.map((x) => x.value)],
  );

/** Puts d(result)/d(x) into the `slope` of everything that result was made from. */
export function backward(result: Num): void {
  const seen = new Set<Num>([result]);
  for (const x of seen) for (const y of x.from) seen.add(y);
  const order = [...seen].sort((a, b) => b.step - a.step);
  for (const x of order) x.slope = 0;
  result.slope = 1;
  for (const x of order)
    x.from.forEach((y, i) => {
      y.slope += x.slope * x.slopes[i]!;
    });
}
