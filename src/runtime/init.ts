/**
 * Initial weights by rule. The numbers of a weight depend on the seed, its name and its shape only: adding, removing
 * or reordering other weights changes nothing. Expert tensors are initialised expert by expert.
 */
import { normal, type Rng, stream, uniform } from "./rng.js";

export type InitRule =
  | { readonly kind: "normal"; readonly std: number }
  | { readonly kind: "xavier_uniform"; readonly gain: number }
  | { readonly kind: "orthogonal"; readonly gain: number }
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" };

/** The f32 values of a weight; `xavier_uniform` and `orthogonal` look at the last two axes, [out, in]. */
export function initialise(seed: number, name: string, shape: readonly number[], rule: InitRule): Float32Array {
  const values = new Float32Array(shape.reduce((product, each) => product * each, 1));
  const rng = stream(seed, "init", name);
  if (rule.kind === "zeros") return values;
  if (rule.kind === "ones") return values.fill(1);
  if (rule.kind === "normal") return fillNormal(rng, values, rule.std);
  const [rows, columns] = matrixSize(name, shape, rule.kind);
  const fill = rule.kind === "orthogonal" ? fillOrthogonal : fillXavier;
  for (let start = 0; start < values.length; start += rows * columns) {
    fill(rng, values.subarray(start, start + rows * columns), rows, columns, rule.gain);
  }
  return values;
}

function matrixSize(name: string, shape: readonly number[], kind: string): [rows: number, columns: number] {
  if (shape.length < 2) throw new Error(`${kind} needs a matrix; ${name} is [${shape.join(", ")}]`);
  return [shape.at(-2)!, shape.at(-1)!];
}

function fillNormal(rng: Rng, values: Float32Array, std: number): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = std * normal(rng);
  return values;
}

/** Uniform in ±gain·√(6 / (in + out)) (Glorot and Bengio 2010). */
function fillXavier(rng: Rng, values: Float32Array, rows: number, columns: number, gain: number): void {
  const bound = gain * Math.sqrt(6 / (rows + columns));
  for (let i = 0; i < values.length; i++) values[i] = bound * (2 * uniform(rng) - 1);
}

/** Rows (or columns, if there are fewer) of length `gain`, at right angles to each other; uniform over all such. */
function fillOrthogonal(rng: Rng, values: Float32Array, rows: number, columns: number, gain: number): void {
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, () => normal(rng));
    // Gram and Schmidt, twice: once loses digits when the vectors are many
    for (const other of [...vectors, ...vectors]) subtractProjection(vector, other);
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((each) => each / norm));
  }
  vectors.forEach((vector, i) => {
    for (let j = 0; j < length; j++) values[rows <= columns ? i * columns + j : j * columns + i] = gain * vector[j]!;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const along = dot(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! - along * unit[i]!;
}
