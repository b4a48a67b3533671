/** Weights of norms, attentions and dense blocks, without the layer in front of their names. */
import { expertKind } from "../experts/index.js";
import type { Attention, Dense, Ffn, Init, Norm, WeightClass } from "./design.js";

/** A weight before it has a layer. */
export interface LocalWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly class: WeightClass;
  /** writes into the residual stream, so it starts smaller */
  readonly residual?: boolean;
  /** frozen from this step on: nothing is learned in it any more */
  readonly until?: number;
  /** how it starts, where that is not the normal distribution */
  readonly init?: Init;
  /** the start is one that the spec asks for */
  readonly asked?: boolean;
}

export type Inits = Readonly<Record<string, Init>>;

/** `weight` [D] of ones, and `bias` [D] of zeros for a layer norm; nothing where nothing is normalised. */
export function normWeights(norm: Norm, width: number): readonly LocalWeight[] {
  const weight: LocalWeight = { name: "weight", shape: [width], class: "norms", init: { kind: "ones" } };
  const bias: LocalWeight = { name: "bias", shape: [width], class: "norms", init: { kind: "zeros" } };
  return { none: [], rms: [weight], layer: [weight, bias] }[norm.kind];
}

/** q, k, v and o as [out,in], each with its bias after it if there is one, then the norms of q and k. */
export function attentionWeights(attention: Attention, width: number): readonly LocalWeight[] {
  const { heads, kvHeads, headDim, init, bias, qkNorm } = attention;
  const linear = (name: string, out: number, input: number, residual = false): LocalWeight[] => [
    { name: `${name}.weight`, shape: [out, input], class: "matrices", residual, ...initOf(init, name) },
    ...(bias ? [biasWeight(`${name}.bias`, [out])] : []),
  ];
  const norm = (name: string): LocalWeight[] =>
    qkNorm ? [{ name: `${name}.weight`, shape: [headDim], class: "norms", init: { kind: "ones" } }] : [];
  return [
    ...linear("q", heads * headDim, width),
    ...linear("k", kvHeads * headDim, width),
    ...linear("v", kvHeads * headDim, width),
    ...linear("o", width, heads * headDim, true),
    ...norm("q_norm"),
    ...norm("k_norm"),
  ];
}

/** The matrices of a dense block. */
export function denseWeights(dense: Dense, width: number): readonly LocalWeight[] {
  return ffnWeights(dense.ffn, width, [], dense.init);
}

/** The weights of one kind of expert; `outer` axes (the experts) come first. */
export function ffnWeights(ffn: Ffn, width: number, outer: readonly number[], init: Inits): readonly LocalWeight[] {
  const sizes = { F: ffn.hidden, C: width, I: width };
  const weights = expertKind(ffn.kind)?.weights(ffn) ?? [];
  return weights.map(({ name, shape, residual, zero }) => {
    const full = [...outer, ...shape.map((axis) => (typeof axis === "number" ? axis : sizes[axis]))];
    if (zero) return biasWeight(name, full);
    const own = full.length > 1 ? "matrices" : "norms";
    return { name, shape: full, class: own, residual: residual === true, ...initOf(init, name.split(".")[0] ?? name) };
  });
}

/** A bias: zeros, and in the class that is usually not decayed. */
export function biasWeight(name: string, shape: readonly number[]): LocalWeight {
  return { name, shape, class: "norms", init: { kind: "zeros" } };
}

/** The `init NAME rule` of a weight, if there is one. */
export function initOf(init: Inits, name: string): { readonly init?: Init; readonly asked?: boolean } {
  const own = Object.hasOwn(init, name) ? init[name] : undefined;
  return own ? { init: own, asked: true } : {};
}
