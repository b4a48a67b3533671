/**
 * Uniform numbers in [0, 1) as a pure function of seed, step, stream and place, so that every target and
 * every restart draws the same. The hash: for each of seed, step, stream, place in turn
 * h ← mix(h ⊕ word · 0x9e3779b1), starting from 0x85ebca6b, with mix the finaliser of MurmurHash3; the
 * upper 24 bits of h, divided by 2²⁴, are the number, which f32 holds exactly.
 */
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const random: OpDefinition<"random"> = {
  shape(_, [seed, step], [wanted]) {
    ensure(
      seed?.axes.length === 0 && step?.axes.length === 0 && wanted !== undefined,
      () => "random: seed and step are scalars",
    );
    return [wanted!];
  },
  evaluate(op, [seed, step], [shape]) {
    const out = zeros(shape!);
    out.data.forEach((_, place) => {
      out.data[place] = uniform(seed!.data[0]!, step!.data[0]!, op.stream, place);
    });
    return [out];
  },
};

/** The number at one place; arguments are read as unsigned 32-bit words. */
export function uniform(seed: number, step: number, stream: number, place: number): number {
  const hash = [seed, step, stream, place].reduce((h, word) => mix(h ^ Math.imul(word, 0x9e3779b1)), 0x85ebca6b);
  return (hash >>> 8) / 2 ** 24;
}

function mix(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
