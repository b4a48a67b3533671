/** Roles of gradients: what adds up to a weight's gradient is named after the weight, all else after its forward node. */
import type { GraphBuilder } from "../builder.js";
import type { Value } from "../graph.js";

/** `grad.` and the name of the weight without the number of its layer: all layers share their kernels. */
export const roleOfGradient = (weight: string): string => `grad.${weight.replace(/^layers\.\d+\./, "")}`;

/** Runs `body` with the role that the gradient of this operand has; a weight under other axes is still that weight. */
export function forOperand<R>(g: GraphBuilder, operand: Value, body: () => R): R {
  const { op, inputs } = operand.node;
  if (op.kind === "view") return forOperand(g, inputs[0]!, body);
  return op.kind === "param" ? g.within({ role: roleOfGradient(op.name) }, body) : body();
}
