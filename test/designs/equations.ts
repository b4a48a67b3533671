/**
 * The handful of equations that papers share, one vector at a time: products with matrices, softmax, the best k, feed-
 * forward networks, balance losses. Written from the papers; nothing here comes from the compiler.
 */
import {
  add,
  clamp,
  div,
  dot,
  exp,
  gelu,
  log,
  mul,
  type Num,
  num,
  relu,
  scale,
  sigmoid,
  sqrt,
  type Vec,
} from "./tape.js";

/** One of `count` equal, contiguous parts. */
export const part = (xs: Vec, at: number, count: number): Vec =>
  xs.slice((at * xs.length) / count, ((at + 1) * xs.length) / count);

/** Matrix (rows after one another) times vector. */
export function times(matrix: Vec, x: Vec): Vec {
  const rows = matrix.length / x.length;
  return Array.from({ length: rows }, (_, o) => dot(part(matrix, o, rows), x));
}

export const plus = (a: Vec, b: Vec): Vec => a.map((x, i) => add(x, b[i]!));

/** Element by element. */
export const hadamard = (a: Vec, b: Vec): Vec => a.map((x, i) => mul(x, b[i]!));

export const weighted = (x: Vec, by: Num): Vec => x.map((v) => mul(v, by));

/** Sum of vectors; zeros of the given width when there are none. */
export const total = (xs: readonly Vec[], width: number): Vec =>
  xs.reduce(
    plus,
    Array.from({ length: width }, () => num(0)),
  );

export const sum = (xs: Vec): Num => add(...xs);

export const mean = (xs: Vec): Num => scale(sum(xs), 1 / xs.length);

export function softmax(z: Vec): Vec {
  const e = z.map(exp);
  const all = sum(e);
  return e.map((x) => div(x, all));
}

export function rmsNorm(weight: Vec, x: Vec): Vec {
  const size = sqrt(add(scale(dot(x, x), 1 / x.length), num(1e-5)));
  return x.map((v, i) => mul(div(v, size), weight[i]!));
}

export function layerNorm(weight: Vec, bias: Vec, x: Vec): Vec {
  const middle = mean(x);
  const apart = x.map((v) => add(v, scale(middle, -1)));
  return plus(rmsNorm(weight, apart), bias);
}

/** Places of the k largest values, best first, ties to the lowest place; −∞ is never taken. */
export const best = (keys: readonly number[], k: number): number[] =>
  keys
    .map((_, i) => i)
    .filter((i) => keys[i] !== Number.NEGATIVE_INFINITY)
    .sort((a, b) => keys[b]! - keys[a]! || a - b)
    .slice(0, k);

export const values = (xs: Vec): number[] => xs.map((x) => x.value);

export const silu = (x: Num): Num => mul(x, sigmoid(x));

/** log(1 + eˣ), for the small numbers of tests. */
export const softplus = (x: Num): Num => log(add(num(1), exp(x)));

/** W₂ act(W₁ x). */
export const feedForward =
  (act: (x: Num) => Num) =>
  (up: Vec, down: Vec, x: Vec): Vec =>
    times(down, times(up, x).map(act));

export const reluNetwork = feedForward(relu);
export const geluNetwork = feedForward(gelu);

/** W₃ ( silu(W₁ x) ⊙ W₂ x ); a limit holds the gate from above and the other side from both. */
export function swiglu(gate: Vec, up: Vec, down: Vec, x: Vec, limit = Number.POSITIVE_INFINITY): Vec {
  const a = times(gate, x).map((v) => silu(clamp(v, Number.NEGATIVE_INFINITY, limit)));
  const b = times(up, x).map((v) => clamp(v, -limit, limit));
  return times(down, hadamard(a, b));
}

/** How often each of N experts is named. */
export function counts(edges: readonly (readonly number[])[], experts: number): number[] {
  const count = new Array<number>(experts).fill(0);
  for (const e of edges.flat()) if (e >= 0) count[e]!++;
  return count;
}

/** α · N · Σ fᵢ Pᵢ, with fᵢ the share of the counted edges and Pᵢ the mean of the rows. */
export function balance(
  alpha: number,
  count: readonly number[],
  rows: readonly Vec[],
  all = count.reduce((a, b) => a + b, 0),
): Num {
  const each = count.map((n, i) => scale(mean(rows.map((row) => row[i]!)), n / all));
  return scale(sum(each), alpha * count.length);
}

/** Rows divided by their sum. */
export const normalised = (row: Vec): Vec => row.map((x) => div(x, sum(row)));

/** Times a constant, element by element. */
export const scaled = (x: Vec, by: number): Vec => x.map((v) => scale(v, by));
