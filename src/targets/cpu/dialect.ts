/** How the cpu target spells arithmetic: scalars are C floats, vectors are `vf` of `VL` lanes (templates/cpu/core.h). */
import type { Dialect } from "../c-like.js";

export const cpuDialect: Dialect = {
  number: cFloat,
  call: (name, type, args) => {
    if (name === "select")
      return type === "v" ? `vf_select(${args.join(", ")})` : `(${args[0]} ? ${args[1]} : ${args[2]})`;
    if (name === "recip") return type === "v" ? `(vf_splat(1.0f) / (${args[0]}))` : `(1.0f / (${args[0]}))`;
    return `${type === "v" ? "vf" : "f"}_${name}(${args.join(", ")})`;
  },
  splat: (text) => `vf_splat(${text})`,
  splatTruth: (text) => `vi_splat(-(${text}))`,
  and: (type, a, b) => (type === "b" ? `(${a} && ${b})` : `(${a} & ${b})`),
  or: (type, a, b) => (type === "b" ? `(${a} || ${b})` : `(${a} | ${b})`),
  not: (type, a) => (type === "b" ? `!${a}` : `~${a}`),
};

/** A float literal that reads back as the same f32. */
export function cFloat(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "INFINITY";
  if (value === Number.NEGATIVE_INFINITY) return "-INFINITY";
  const text = shortest(Math.fround(value));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** The shortest decimal that rounds to this f32. */
function shortest(x: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = x.toPrecision(digits);
    if (Math.fround(Number(text)) === x) return String(Number(text));
  }
  return String(x);
}
