/** Reads the shape that softmax and log-sum-exp share: Σ over one axis of exp(logits − constant), perhaps masked. */
import type { Expr } from "../expr.js";
import type { Node, Value } from "../graph.js";

export interface Exponentials {
  readonly logits: Value;
  readonly legal: Value | undefined;
  readonly axis: string;
}

/** The logits behind `sum`, if it is such a sum. */
export function readSum(sum: Value): Exponentials | undefined {
  const { op, inputs } = sum.node;
  if (op.kind !== "reduce" || op.how !== "sum" || op.over.length !== 1) return undefined;
  const exponentials = readExponentials(inputs[0]!.node);
  return exponentials && { ...exponentials, axis: op.over[0]! };
}

function readExponentials(node: Node): Omit<Exponentials, "axis"> | undefined {
  if (node.op.kind !== "map") return undefined;
  const { expr } = node.op;
  const masked = expr.op === "select" && expr.c.op === "in" && expr.b.op === "const" && expr.b.value === 0;
  const logits = readShifted(masked ? expr.a : expr, node);
  const legal = masked && expr.c.op === "in" ? node.inputs[expr.c.i] : undefined;
  return logits && { logits, legal };
}

/** exp(logits − m) with m behind a stop: then m adds nothing to the gradient. */
function readShifted(expr: Expr, node: Node): Value | undefined {
  if (expr.op !== "exp" || expr.a.op !== "sub" || expr.a.a.op !== "in" || expr.a.b.op !== "in") return undefined;
  const [logits, shift] = [node.inputs[expr.a.a.i]!, node.inputs[expr.a.b.i]!];
  return shift.node.op.kind === "stop" ? logits : undefined;
}
