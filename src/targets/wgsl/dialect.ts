/**
 * How the wgsl target spells arithmetic: scalars only, every number an f32. WGSL has no infinities and no
 * error function, and lets cos, tanh and exp be coarse or overflow: those are functions of our own
 * (templates/wgsl/math.wgsl). Not a vector dialect: a GPU's lanes are its vectors.
 */
import { type Dialect, f32Literal, scalarTruth } from "../c-like.js";

/** Functions that WGSL has, by its name for them. */
const BUILT_IN: Readonly<Record<string, string>> = { rsqrt: "inverseSqrt" };
/** Functions of templates/wgsl/math.wgsl. */
const OWN: Readonly<Record<string, string>> = {
  sigmoid: "sigmoid",
  tanh: "tanh_safe",
  erf: "error_function",
  cos: "cosine",
};

export const wgslDialect: Dialect = {
  number: wgslFloat,
  call: (name, _type, args) => {
    if (name === "select") return `select(${args[2]}, ${args[1]}, ${args[0]})`;
    if (name === "recip") return `(1.0 / (${args[0]}))`;
    return `${OWN[name] ?? BUILT_IN[name] ?? name}(${args.join(", ")})`;
  },
  ...scalarTruth,
  sign: (text) => `sign(${text})`,
};

/** An f32 literal that reads back as the same number; infinities become the largest numbers there are. */
export function wgslFloat(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "HIGHEST";
  if (value === Number.NEGATIVE_INFINITY) return "LOWEST";
  return f32Literal(value);
}
