/** Small helpers of the graph tests: build a few nodes, run them, compare numbers. */

import { expect } from "vitest";
import { sizeOf } from "../../src/3-graph/axes.js";
import { createBuilder, type GraphBuilder } from "../../src/3-graph/builder.js";
import type { Axis, DType, Value } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { verify } from "../../src/3-graph/verify.js";

/** `axes("T 2", "D 3")` */
export const axes = (...each: readonly string[]): Axis[] =>
  each.map((text) => {
    const [name, size] = text.split(" ");
    return { name: name!, size: Number(size) };
  });

export interface Given {
  readonly axes: readonly Axis[];
  readonly values: readonly number[];
  readonly dtype?: DType;
}

/** Builds a graph over the given inputs and runs it; every output by name. */
export function run(
  given: Readonly<Record<string, Given>>,
  build: (g: GraphBuilder, inputs: Record<string, Value>) => Record<string, Value>,
): Record<string, Tensor> {
  const g = createBuilder();
  const inputs: Record<string, Value> = {};
  const leaves = new Map<string, Tensor>();
  for (const [name, { axes: shape, values, dtype = "f32" }] of Object.entries(given)) {
    inputs[name] = g.input(name, shape, dtype);
    leaves.set(name, tensor(shape, values, dtype));
  }
  const outputs = new Map(Object.entries(build(g, inputs)));
  const graph = verify(g.finish({ outputs }));
  return Object.fromEntries(interpret(graph, leaves).outputs);
}

/** The numbers of one output. */
export const numbers = (x: Tensor | undefined): number[] => Array.from(x!.data);

/** Repeatable numbers in [-1, 1): a linear congruential generator, so that tests need no seed from outside. */
export function noise(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  };
}

/** That many of them, as a tensor. */
export function randomTensor(shape: readonly Axis[], next: () => number): Tensor {
  return tensor(shape, Array.from({ length: sizeOf(shape) }, next));
}

/** Largest difference, relative to the larger of 1 and the numbers themselves. */
export function distance(a: Tensor, b: Tensor): number {
  if (a.data.length !== b.data.length) return Number.POSITIVE_INFINITY;
  return Array.from(a.data).reduce((worst, x, i) => {
    const y = b.data[i]!;
    return Math.max(worst, Math.abs(x - y) / Math.max(1, Math.abs(x), Math.abs(y)));
  }, 0);
}

/** Every number within half of the last of `digits` decimals. */
export function expectClose(got: Tensor | undefined, want: readonly number[], digits: number): void {
  expect(got!.data.length).toBe(want.length);
  for (const [i, n] of want.entries()) expect(got!.data[i]).toBeCloseTo(n, digits);
}
