/** The space that elementwise work walks over: rows × inner axes, or one long line. */
import type { Axis, Node, Value } from "../3-graph/graph.js";
import { hasIndex } from "./canonical.js";
import { isRowAxis } from "./matmul-shape.js";
import { access, sameAxes, sizeOf } from "./operands.js";

/** Shorter lines are not worth a kernel over single numbers. */
const FLAT_FROM = 1024;

export interface Shape {
  readonly flat: boolean;
  readonly domain: readonly Axis[];
  readonly axes: readonly Axis[];
}

/** The iteration space of some elementwise work: rows × inner axes, or one long line. */
export function shapeOf(group: readonly Node[]): Shape {
  const node = group.at(-1)!;
  const axes = spaceOf(node);
  const domain = outerRows(node, domainOf(axes));
  const plain = (v: Value) => v.axes.length === 0 || (sameAxes(v.axes, axes) && !access(v).gather);
  const whole = node.op.kind === "reduce" ? node.op.over.length === axes.length : node.op.kind === "map";
  const maps = group.slice(0, -1).every((n) => n.op.kind === "map" && sameAxes(n.outputs[0]!.axes, axes));
  const simple = group.every((n) => n.op.kind !== "map" || !hasIndex(n.op.expr));
  const flat =
    whole &&
    maps &&
    simple &&
    domain.length === 0 &&
    sizeOf(axes) >= FLAT_FROM &&
    group.every((n) => n.inputs.every(plain));
  return { flat, domain, axes };
}

/** Of places [E, P] that are summed per expert, only the experts are rows. */
function outerRows(node: Node, domain: readonly Axis[]): readonly Axis[] {
  if (domain.length < 2 || node.op.kind !== "reduce") return domain;
  const { over } = node.op;
  return over.includes(domain[0]!.name) ? domain : domain.filter((a) => !over.includes(a.name));
}

/** All axes a node walks over. */
export function spaceOf(node: Node): readonly Axis[] {
  if (node.op.kind === "reduce") return node.inputs[0]!.axes;
  if (node.op.kind === "contract") {
    const out = node.outputs[0]!.axes;
    const over = node.op.over;
    return [...out, ...node.inputs[0]!.axes.filter((a) => over.includes(a.name))];
  }
  return node.outputs[0]!.axes;
}

/** The axes of rows that a value leads with; none where it has no rows. */
export function domainOf(axes: readonly Axis[]): readonly Axis[] {
  if (isRowAxis(axes[0])) return [axes[0]!];
  if (axes[0]?.name === "E" && axes[1]?.name === "P") return axes.slice(0, 2);
  return [];
}

/** Reductions that sum over the rows themselves. */
export function acrossRows(node: Node, shape: { flat: boolean; domain: readonly Axis[] }): boolean {
  if (node.op.kind !== "reduce") return false;
  const over = node.op.over;
  return shape.flat || shape.domain.some((d) => over.includes(d.name));
}
