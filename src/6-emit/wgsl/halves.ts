/**
 * How numbers of 16 bits are spelled: as `f16`, where the adapter has them, or two in a `u32` with functions that every
 * WebGPU has. The rest of the emitter asks here and never knows which. What is written is kept within what 16 bits
 * hold, because WGSL does not say what a larger number becomes (docs/decisions/014-f16-of-the-wgsl-target.md).
 */
import type { WgslProfile } from "../../targets/wgsl/limits.js";

export interface Halves {
  /** element type of a binding whose numbers are reached one by one, and of one that is reached in fours */
  readonly one: (written: boolean) => string;
  readonly four: string;
  /** the file with the functions that texts call */
  readonly functions: string;
  /** number `i` of an array, as an f32 */
  readonly read: (array: string, i: string, written: boolean) => string;
  /** the statements that write it */
  readonly write: (array: string, i: string, value: string) => string;
}

const f16: Halves = {
  one: () => "f16",
  four: "vec4<f16>",
  functions: "wgsl/halves-f16.wgsl",
  read: (array, i) => `f32(${array}[${i}])`,
  write: (array, i, value) => `${array}[${i}] = to_half(${value});`,
};

/** Neighbours share a word that two lanes may write at the same time: each changes the bits of its own half. */
const packed: Halves = {
  one: (written) => (written ? "atomic<u32>" : "u32"),
  four: "vec2<u32>",
  functions: "wgsl/halves-packed.wgsl",
  read: (array, i, written) => {
    const word = `${array}[(${i}) / 2u]`;
    return `unpack2x16float(${written ? `atomicLoad(&${word})` : word})[(${i}) % 2u]`;
  },
  write: (array, i, value) => {
    const word = `&${array}[(${i}) / 2u]`;
    return `atomicAnd(${word}, half_mask(${i})); atomicOr(${word}, half_bits(${i}, ${value}));`;
  },
};

const SPELLINGS: Readonly<Record<WgslProfile["halves"], Halves>> = { f16, packed };

export const halvesOf = ({ halves }: Pick<WgslProfile, "halves">): Halves => SPELLINGS[halves];

/** The four numbers of an array of fours, as f32. */
export const readFour = (array: string, i: string): string => `from_halves(${array}[${i}])`;
export const writeFour = (array: string, i: string, value: string): string => `${array}[${i}] = to_halves(${value});`;
