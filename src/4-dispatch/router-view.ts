/**
 * What rewrites recognise in the router of one layer: the softmax over the experts that a table leaves visible, with
 * every node that belongs to it, and the keys that are chosen from behind the same mask.
 */
import type { Axis, Graph, Node, Value } from "../3-graph/graph.js";
import { readSum } from "../3-graph/patterns/exponentials.js";

export interface MaskedSoftmax {
  /** the gate [U, E] */
  readonly gate: Node;
  /** scores [U, E], the product before any bias or temperature is a step behind */
  readonly logits: Value;
  /** [U, E]: 1 where the table lets the unit see the expert */
  readonly legal: Value;
  /** nodes between the scores and the gate: they read each other and nobody else may */
  readonly inner: ReadonlySet<Node>;
}

/** Values that are −∞ where the table does not let a unit see an expert: what selections choose from. */
export interface MaskedKey {
  readonly key: Node;
  readonly legal: Value;
}

/** All masked softmaxes of one scope whose mask is a row of `table`. */
export function maskedSoftmaxes(graph: Graph, scope: string, table: string): readonly MaskedSoftmax[] {
  return graph.nodes.flatMap((node) => {
    const found = node.at.scope === scope ? readSoftmax(node) : undefined;
    return found !== undefined && isTableRow(found.legal, table) ? [found] : [];
  });
}

function readSoftmax(node: Node): MaskedSoftmax | undefined {
  if (node.op.kind !== "map") return undefined;
  const { expr } = node.op;
  const share = expr.op === "select" ? expr.a : expr;
  if (share.op !== "div" || share.a.op !== "in" || share.b.op !== "in") return undefined;
  const [e, total] = [node.inputs[share.a.i]!, node.inputs[share.b.i]!];
  const sum = readSum(total);
  if (sum?.legal === undefined || total.node.inputs[0] !== e) return undefined;
  // e reads the scores, their largest (behind a stop) and the mask
  const stop = e.node.inputs.find((v) => v.node.op.kind === "stop");
  if (stop === undefined) return undefined;
  const most = stop.node.inputs[0]!.node;
  if (most.op.kind !== "reduce") return undefined;
  const inner = new Set([e.node, total.node, stop.node, most, node]);
  const seen = most.inputs[0]!;
  if (seen !== sum.logits) inner.add(seen.node);
  return { gate: node, logits: sum.logits, legal: sum.legal, inner };
}

/** All keys of one scope behind the same table. */
export function maskedKeys(graph: Graph, scope: string, table: string): readonly MaskedKey[] {
  return graph.nodes.flatMap((key) => {
    const legal = key.at.scope === scope ? readMask(key) : undefined;
    return legal !== undefined && isTableRow(legal, table) ? [{ key, legal }] : [];
  });
}

/** The mask of `select(legal, anything, −∞)`. */
function readMask({ op, inputs }: Node): Value | undefined {
  if (op.kind !== "map" || op.expr.op !== "select") return undefined;
  const { c, b } = op.expr;
  return c.op === "in" && b.op === "const" && b.value === Number.NEGATIVE_INFINITY ? inputs[c.i] : undefined;
}

/** Whether the value is a row of the table and nothing else: looked up by token, perhaps under other axes. */
function isTableRow(value: Value, table: string): boolean {
  const { op } = tableRow(value)?.table.node ?? {};
  return op?.kind === "data" && op.source.kind === "table" && op.source.table === table && op.source.form === "visible";
}

/** The table [V, E] and the ids [U] behind a value that is rows of a table and nothing else. */
export function tableRow(value: Value): { readonly table: Value; readonly ids: Value } | undefined {
  const { op, inputs } = value.node;
  if (op.kind === "take" && op.divide === 1 && inputs[0]!.node.op.kind === "data")
    return { table: inputs[0]!, ids: inputs[1]! };
  const transparent = op.kind === "view" || (op.kind === "map" && op.expr.op === "in");
  return transparent ? tableRow(inputs[0]!) : undefined;
}

/** The matrix product behind scores, through elementwise steps that change one unit and expert at a time. */
export function scoreProduct(logits: Value): { readonly product: Node; readonly steps: readonly Node[] } | undefined {
  const steps: Node[] = [];
  for (let value = logits; ; ) {
    const { node } = value;
    if (node.op.kind === "contract") return isPlain(node) ? { product: node, steps } : undefined;
    const whole = node.inputs.filter((v) => v.axes.length === value.axes.length);
    if (node.op.kind !== "map" || whole.length !== 1) return undefined;
    steps.push(node);
    value = whole[0]!;
  }
}

/** units × weights: the axis of units comes from the left operand alone. */
function isPlain({ op, inputs, outputs }: Node): boolean {
  const [x, weight] = inputs;
  const units = outputs[0]!.axes[0]!;
  const lacks = (axes: readonly Axis[]) => axes.every((axis) => axis.name !== units.name);
  return op.kind === "contract" && op.group === undefined && x!.axes[0]!.name === units.name && lacks(weight!.axes);
}
