/** Finds products that are added up: the second is one more term of the first one's kernel. */
import type { Graph, Node, Value } from "../3-graph/graph.js";
import { addends, hasIndex } from "./canonical.js";
import { batchesInOrder } from "./joins-matmul.js";
import { type Product, readProduct } from "./matmul-shape.js";
import { access, sameAxes } from "./operands.js";

/** Maps that add up two or more matrix products nobody else reads: one matmul with several terms. */
export function sumsOfProducts(graph: Graph, uses: ReadonlyMap<Value, number>): Map<Node, Product[]> {
  const sums = new Map<Node, Product[]>();
  for (const node of graph.nodes) {
    // a tile has no rows by index, and no coordinates
    if (node.op.kind !== "map" || hasIndex(node.op.expr) || node.inputs.some((v) => access(v).gather)) continue;
    const products = addends(node.op.expr)
      .flatMap((e) => (e.op === "in" ? [node.inputs[e.i]!] : []))
      .filter((v) => v.node.op.kind === "contract" && uses.get(v) === 1 && sameAxes(v.axes, node.outputs[0]!.axes))
      .map((v) => readProduct(v.node))
      .filter((p): p is Product => p?.form === "matmul" && batchesInOrder(p));
    const first = products[0];
    const alike = products.filter(
      (p) => p.group?.offsets === first!.group?.offsets && p.batch.length === first!.batch.length,
    );
    if (alike.length >= 2) sums.set(node, alike);
  }
  return sums;
}
