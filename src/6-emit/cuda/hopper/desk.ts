/**
 * What passes through a warp's panels at the end of a tile, a slice of 64 columns at a time: tensors of results that leave,
 * and tensors with a number for each of a product's, which are read behind it. Numbers in bf16 take one panel, others two.
 */
import type { TensorMapSpec } from "../../../targets/cuda/program.js";
import type { Context } from "../view.js";
import { SLICE, type Through } from "./tiles.js";

/** A tensor as a tile's end sees it. */
export interface Passing {
  readonly param: number;
  readonly name: string;
  /** whose numbers these are: its own name, or that of the tensor that it is a copy of */
  readonly of: string;
  readonly half: boolean;
  /** numbers between rows */
  readonly stride: number;
  /** numbers of a row, rows of a matrix, matrices behind each other and how far apart they are */
  readonly extent: readonly [columns: number, rows: number, leads: number];
  readonly apart: number;
  /** text: which matrix it is */
  readonly lead: string;
}

/** Tensors written at once, from what one place of the text computes. */
export type Pass = readonly Passing[];

export const panelsOf = ({ half }: Passing): number => (half ? 1 : 2);
const all = (list: readonly Passing[]): number => list.reduce((n, p) => n + panelsOf(p), 0);

/** Panels of tensors read behind products that are worth their memory; further ones are read by the threads. */
const MOST_OPERANDS = 4;

/** The first that fit. */
export function broughtOf(read: readonly Passing[]): readonly Passing[] {
  const kept: Passing[] = [];
  for (const p of read) if (all(kept) + panelsOf(p) <= MOST_OPERANDS) kept.push(p);
  return kept;
}

export function throughOf(passes: readonly Pass[], brought: readonly Passing[]): Through {
  const bytes = [...passes.flat(), ...brought].reduce((n, p) => n + (p.half ? 2 : 4), 0);
  return { results: Math.max(...passes.map(all)), operands: all(brought), bytes };
}

/** With the tensor's copy in bf16, where there is one. */
export function withTwin(passing: Passing, nameOf: (param: number) => string, { twins }: Context): Pass {
  const twin = twins.get(passing.param);
  return twin === undefined ? [passing] : [passing, { ...passing, param: twin, name: nameOf(twin), half: true }];
}

/** Boxes are sixteen rows of 128 bytes; what lies behind a row's end, or behind the last row, is left out. */
export function deskMap({ param, name, half, stride, extent, apart }: Passing): TensorMapSpec {
  const width = half ? 2 : 4;
  return {
    name: `${name}_map`,
    param,
    width,
    dims: extent,
    strides: [width * stride, width * (apart || stride * extent[1])],
    box: [half ? SLICE : SLICE / 2, 16, 1],
  };
}
