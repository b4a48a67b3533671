/**
 * How the cuda target spells arithmetic: scalars only, every number an f32 with its suffix, functions of CUDA's own
 * mathematics in their exact forms. Not a vector dialect: a GPU's lanes are its vectors.
 */
import { type Dialect, f32Literal, scalarTruth } from "../c-like.js";

const FUNCTIONS: Readonly<Record<string, string>> = {
  abs: "fabsf",
  cos: "cosf",
  erf: "erff",
  exp: "expf",
  floor: "floorf",
  log: "logf",
  max: "fmaxf",
  min: "fminf",
  rsqrt: "rsqrtf",
  sigmoid: "sigmoid",
  sqrt: "sqrtf",
  tanh: "tanhf",
};

export const cudaDialect: Dialect = {
  number: cudaFloat,
  call: (name, _type, args) => {
    if (name === "select") return `(${args[0]} ? ${args[1]} : ${args[2]})`;
    if (name === "recip") return `(1.0f / (${args[0]}))`;
    return `${FUNCTIONS[name] ?? name}(${args.join(", ")})`;
  },
  ...scalarTruth,
  sign: (text) => `sign_of(${text})`,
};

/** An f32 literal that reads back as the same number. */
export function cudaFloat(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "HIGHEST";
  if (value === Number.NEGATIVE_INFINITY) return "LOWEST";
  return `${f32Literal(value)}f`;
}
