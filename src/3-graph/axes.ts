/** Small questions about lists of axes. An axis is its name: two axes of one name must have one size. */
import type { Axis, DType } from "./graph.js";
import { broken } from "./internal.js";

/** What a value looks like from outside. */
export interface Shape {
  readonly axes: readonly Axis[];
  readonly dtype: DType;
}

/** Number of elements. */
export const sizeOf = (axes: readonly Axis[]): number => axes.reduce((n, axis) => n * axis.size, 1);

/** Names, in order. */
export const namesOf = (axes: readonly Axis[]): readonly string[] => axes.map((axis) => axis.name);

/** Whether the name is among the axes. */
export const has = (axes: readonly Axis[], name: string): boolean => axes.some((axis) => axis.name === name);

/** The axes whose names are not listed, in order. */
export const without = (axes: readonly Axis[], names: readonly string[]): readonly Axis[] =>
  axes.filter((axis) => !names.includes(axis.name));

/** The axis of that name; internal error if there is none. */
export function axisOf(axes: readonly Axis[], name: string): Axis {
  return axes.find((axis) => axis.name === name) ?? broken(`no axis ${name} among ${showAxes(axes)}`);
}

/** Same names and sizes in the same order. */
export const sameAxes = (a: readonly Axis[], b: readonly Axis[]): boolean =>
  a.length === b.length && a.every((axis, i) => axis.name === b[i]!.name && axis.size === b[i]!.size);

/** Every axis of `inner` is also in `outer`, with the same size. */
export const within = (inner: readonly Axis[], outer: readonly Axis[]): boolean =>
  inner.every((axis) => outer.some((o) => o.name === axis.name && o.size === axis.size));

/** All axes of all lists, each once, in order of appearance; internal error where sizes disagree. */
export function union(lists: readonly (readonly Axis[])[]): readonly Axis[] {
  const all: Axis[] = [];
  for (const axis of lists.flat()) {
    const known = all.find((a) => a.name === axis.name);
    if (known === undefined) all.push(axis);
    else if (known.size !== axis.size) broken(`axis ${axis.name} is ${known.size} here and ${axis.size} there`);
  }
  return all;
}

/** For people: `[T 512, D 256]`. */
export const showAxes = (axes: readonly Axis[]): string => `[${axes.map((a) => `${a.name} ${a.size}`).join(", ")}]`;
