/** Recognises edges that name the experts in order: what `select all` makes, and what is left of it after masks and limits. */
import type { Expr } from "../3-graph/expr.js";
import type { Node, Value } from "../3-graph/graph.js";

/** Whether edge k of every unit is expert k or −1. */
export function isInPlace({ node }: Value): boolean {
  return node.op.kind === "map" && holds(node.op.expr, node);
}

/** Whether edge k of every unit is expert k, and none is taken away. */
export function isEveryExpert({ node }: Value): boolean {
  const { op, outputs } = node;
  return op.kind === "map" && op.expr.op === "index" && op.expr.axis === outputs[0]!.axes.at(-1)!.name;
}

function holds(expr: Expr, node: Node): boolean {
  switch (expr.op) {
    case "index":
      return expr.axis === node.outputs[0]!.axes.at(-1)!.name;
    case "const":
      return expr.value === -1;
    case "select":
      return holds(expr.a, node) && holds(expr.b, node);
    case "in": {
      const from = node.inputs[expr.i]!;
      return from.axes.length === node.outputs[0]!.axes.length && isInPlace(from);
    }
    default:
      return false;
  }
}
