/**
 * Σ over named axes of a product of two: every matrix product, batched or not. With `group`, input 2 cuts
 * the rows R into one run per expert; rows past the last run belong to nobody and give zeros.
 */
import { axisOf, has, type Shape, sameAxes, showAxes, sizeOf, union, without } from "../axes.js";
import type { Axis, Value } from "../graph.js";
import { ensure } from "../internal.js";
import { forEachElement, stridesAlong, type Tensor, type TensorData, zeros } from "../tensor.js";
import type { Backward, Grad, OpDefinition, OpOf } from "./definition.js";
import { forOperand } from "./gradient-role.js";

type Contract = OpOf<"contract">;

/** Rows are summed run by run (a weight gradient) when the row axis is summed over. */
const sumsRows = (op: Contract): boolean => op.group !== undefined && op.over.includes(op.group.rows);

export const contract: OpDefinition<"contract"> = {
  shape(op, inputs, wanted) {
    const [a, b] = inputs;
    ensure(
      op.over.every((name) => has(a!.axes, name) && has(b!.axes, name)),
      () => `contract over ${op.over.join(", ")}: ${showAxes(a!.axes)} × ${showAxes(b!.axes)}`,
    );
    ensure(inputs.length === (op.group ? 3 : 2), () => "contract: offsets go with groups");
    const axes = outputAxes(op, inputs);
    const order = wanted[0]?.axes ?? axes;
    ensure(
      order.length === axes.length && axes.every((x) => order.some((o) => sameAxes([x], [o]))),
      () => `contract gives ${showAxes(axes)}, not ${showAxes(order)}`,
    );
    return [{ axes: order, dtype: "f32" }];
  },

  evaluate(op, inputs, [shape]) {
    const [a, b, offsets] = inputs;
    if (op.group === undefined) return [product(op.over, a!, b!, shape!)];
    const { rows, experts } = op.group;
    const out = zeros(shape!);
    const count = offsets!.data.length - 1;
    for (let e = 0; e < count; e++) {
      const run = range(offsets!.data[e]!, offsets!.data[e + 1]!);
      const [pa, pb] = [cut(cut(a!, rows, run), experts, [e]), cut(cut(b!, rows, run), experts, [e])];
      const part = product(
        op.over.filter((n) => n !== experts),
        pa,
        pb,
        { axes: cutAxes(cutAxes(shape!.axes, rows, run), experts, [e]), dtype: "f32" },
      );
      paste(out, part, sumsRows(op) ? experts : rows, sumsRows(op) ? [e] : run);
    }
    return [out];
  },

  gradient: (backward) => [
    forOperand(backward.g, backward.inputs[0]!, () => operandGradient(backward, 0)),
    forOperand(backward.g, backward.inputs[1]!, () => operandGradient(backward, 1)),
  ],
};

function outputAxes(op: Contract, [a, b, offsets]: readonly Value[]): readonly Axis[] {
  const all = without(union([a!.axes, b!.axes]), op.over);
  if (op.group === undefined) return all;
  const { experts } = op.group;
  if (!sumsRows(op)) return without(all, [experts]);
  return [{ name: experts, size: sizeOf(offsets!.axes) - 1 }, ...all];
}

/** d a = contract(g, b) over what a lacks; the operands stand in the order that gives a's own order of axes. */
function operandGradient({ op, g, inputs, outputs, grads }: Backward<"contract">, which: 0 | 1): Grad {
  const own = inputs[which]!;
  const other = inputs[1 - which]!;
  const grad = g.spreadOut(grads[0]!, outputs[0]!.axes);
  const summed = without(
    union([grad.axes, other.axes]),
    own.axes.map((x) => x.name),
  ).map((x) => x.name);
  if (op.group === undefined) return ordered(g, grad, other, summed, own);
  const rowsIn = !has(own.axes, op.group.rows);
  const over = rowsIn ? [op.group.rows] : summed.filter((n) => n !== op.group!.experts);
  return g.contract(grad, other, over, { group: op.group, offsets: inputs[2]!, axes: own.axes });
}

/** Prefers the operand order whose natural output order is the wanted one: planners read it as a plain matmul. */
function ordered(g: Backward<"contract">["g"], a: Value, b: Value, over: readonly string[], like: Shape): Value {
  const natural = (x: Value, y: Value): boolean => sameAxes(without(union([x.axes, y.axes]), over), like.axes);
  return !natural(a, b) && natural(b, a)
    ? g.contract(b, a, over, { axes: like.axes })
    : g.contract(a, b, over, { axes: like.axes });
}

/** out[o] = Σ a·b: the offsets of the summed axes are listed once, then reused for every output element. */
function product(over: readonly string[], a: Tensor, b: Tensor, shape: Shape): Tensor {
  const out = zeros(shape);
  const summed = a.axes.filter((x) => over.includes(x.name));
  const stepsA = offsetsAlong(a, summed);
  const stepsB = offsetsAlong(b, summed);
  let n = 0;
  forEachElement(shape.axes, [a.axes, b.axes], (_, at) => {
    out.data[n++] = dot(a.data, b.data, at[0]!, at[1]!, stepsA, stepsB);
  });
  return out;
}

function dot(a: TensorData, b: TensorData, atA: number, atB: number, stepsA: Int32Array, stepsB: Int32Array): number {
  let total = 0;
  for (let i = 0; i < stepsA.length; i++) total += a[atA + stepsA[i]!]! * b[atB + stepsB[i]!]!;
  return total;
}

function offsetsAlong(x: Tensor, axes: readonly Axis[]): Int32Array {
  const list = new Int32Array(sizeOf(axes));
  const strides = stridesAlong(x.axes, axes);
  let n = 0;
  forEachElement(axes, [], (coordinates) => {
    list[n++] = strides.reduce((sum, stride, d) => sum + stride * coordinates[d]!, 0);
  });
  return list;
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** Axes after `cut`: a single expert leaves no axis, a run of rows a shorter one. */
function cutAxes(axes: readonly Axis[], name: string, keep: readonly number[]): readonly Axis[] {
  return axes.map((x) => (x.name === name ? { name, size: keep.length } : x));
}

/** The part of x at the kept coordinates of one axis; x itself if it lacks the axis. */
function cut(x: Tensor, name: string, keep: readonly number[]): Tensor {
  if (!has(x.axes, name)) return x;
  const part = zeros({ axes: cutAxes(x.axes, name, keep), dtype: x.dtype });
  overlay(x, name, keep, part, (whole, at, n) => {
    part.data[n] = whole.data[at]!;
  });
  return part;
}

/** Writes a part back where `cut` would have taken it. */
function paste(whole: Tensor, part: Tensor, name: string, keep: readonly number[]): void {
  overlay(whole, name, keep, part, (_, at, n) => {
    whole.data[at] = part.data[n]!;
  });
}

function overlay(
  whole: Tensor,
  name: string,
  keep: readonly number[],
  part: Tensor,
  visit: (whole: Tensor, at: number, n: number) => void,
): void {
  const axis = axisOf(whole.axes, name);
  const stride = stridesAlong(whole.axes, [axis])[0]!;
  const place = whole.axes.indexOf(axis);
  let n = 0;
  const others = whole.axes.map((x) => (x === axis ? { name: "", size: x.size } : x));
  forEachElement(part.axes, [others], (coordinates, at) =>
    visit(whole, at[0]! + stride * keep[coordinates[place]!]!, n++),
  );
}
