/** A well-known composition whose gradient is better taken as a whole than part by part. */
import type { GraphBuilder } from "../builder.js";
import type { Node, Value } from "../graph.js";
import type { Grad } from "../ops/definition.js";

/** If `node` ends the composition: the value where it began, and that value's gradient. */
export type Pattern = (
  g: GraphBuilder,
  node: Node,
  grads: readonly (Grad | undefined)[],
) => { readonly to: Value; readonly grad: Grad } | undefined;
