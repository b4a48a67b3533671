/**
 * What every op must say about itself, in one file: which shapes it takes and gives, what it computes in
 * f64, and its gradient as nodes of the same graph. `index.ts` holds the total table.
 */
import type { Shape } from "../axes.js";
import type { GraphBuilder } from "../builder.js";
import type { Op, Value } from "../graph.js";
import type { Tensor } from "../tensor.js";

export type Kind = Op["kind"];
export type OpOf<K extends Kind> = Extract<Op, { kind: K }>;

/**
 * The gradient of the loss with respect to a value: a value whose axes are among that value's axes (the
 * others are broadcast), or one number for all elements. Nothing is spread out before somebody must.
 */
export type Grad = Value | number;

export interface Backward<K extends Kind> {
  readonly op: OpOf<K>;
  readonly g: GraphBuilder;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** gradient of each output; undefined where the loss does not depend on it */
  readonly grads: readonly (Grad | undefined)[];
}

export interface OpDefinition<K extends Kind> {
  /**
   * Shapes of the outputs. Where attributes and inputs do not decide them (leaves, map, view, sizes of
   * expert axes) `wanted` does; where they do, `wanted` may be empty. Internal error for inputs that do not fit.
   */
  readonly shape: (op: OpOf<K>, inputs: readonly Value[], wanted: readonly Shape[]) => readonly Shape[];
  /** The meaning, in f64. Leaves are given by whoever runs the graph and have none. */
  readonly evaluate?: (op: OpOf<K>, inputs: readonly Tensor[], outputs: readonly Shape[]) => readonly Tensor[];
  /** Gradients of the inputs, as new nodes; left out by ops through which none flows. */
  readonly gradient?: (backward: Backward<K>) => readonly (Grad | undefined)[];
}
