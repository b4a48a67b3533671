/** Elementwise arithmetic with broadcasting by axis name. */
import { has, showAxes, sizeOf, within, without } from "../axes.js";
import type { Expr } from "../expr.js";
import { input as inputExpr, mul } from "../expr-build.js";
import { derive } from "../expr-derive.js";
import { compileExpr } from "../expr-evaluate.js";
import { indicesOf, inputsOf } from "../expr-visit.js";
import type { Axis, Value } from "../graph.js";
import { ensure } from "../internal.js";
import { forEachElement, zeros } from "../tensor.js";
import type { Backward, Grad, OpDefinition } from "./definition.js";
import { forOperand } from "./gradient-role.js";

export const map: OpDefinition<"map"> = {
  shape(op, inputs, wanted) {
    const out = wanted[0]!;
    for (const v of inputs)
      ensure(within(v.axes, out.axes), () => `map: ${showAxes(v.axes)} does not fit ${showAxes(out.axes)}`);
    ensure(
      inputsOf(op.expr).every((i) => i < inputs.length),
      () => "map reads an input it does not have",
    );
    ensure(
      indicesOf(op.expr).every((axis) => has(out.axes, axis)),
      () => "map reads a coordinate of an axis it lacks",
    );
    return [out];
  },

  evaluate(op, inputs, [shape]) {
    const out = zeros(shape!);
    const element = { inputs: new Float64Array(inputs.length), coordinates: new Int32Array(shape!.axes.length) };
    const f = compileExpr(
      op.expr,
      shape!.axes.map((a) => a.name),
    );
    let n = 0;
    forEachElement(
      shape!.axes,
      inputs.map((x) => x.axes),
      (coordinates, offsets) => {
        for (let i = 0; i < inputs.length; i++) element.inputs[i] = inputs[i]!.data[offsets[i]!]!;
        element.coordinates.set(coordinates);
        out.data[n++] = f(element);
      },
    );
    return [out];
  },

  gradient: (backward) =>
    backward.inputs.map((input, i) => forOperand(backward.g, input, () => inputGradient(backward, input, i))),
};

/** Σ over the axes the input was broadcast along of (d expr / d input) · g. */
function inputGradient({ op, g, inputs, outputs, grads }: Backward<"map">, input: Value, i: number): Grad | undefined {
  const slope = derive(op.expr, i);
  const grad = grads[0]!;
  if (input.dtype !== "f32" || (slope.op === "const" && slope.value === 0)) return undefined;
  const product = mul(slope, inputExpr(inputs.length));
  const spread = without(
    outputs[0]!.axes,
    input.axes.map((a) => a.name),
  );
  const axes = axesRead(product, [...inputs, grad], outputs[0]!.axes);
  const repeated = sizeOf(spread.filter((axis) => !has(axes, axis.name)));
  const each = g.mapExpr([...inputs, grad], mul(product, repeated), { axes });
  return g.reduce(
    "sum",
    each,
    spread.filter((axis) => has(axes, axis.name)).map((axis) => axis.name),
  );
}

/** The axes along which an expression really varies. */
function axesRead(expr: Expr, operands: readonly Grad[], axes: readonly Axis[]): readonly Axis[] {
  const read = inputsOf(expr).flatMap((i) => {
    const operand = operands[i]!;
    return typeof operand === "number" ? [] : operand.axes.map((a) => a.name);
  });
  const names = new Set([...read, ...indicesOf(expr)]);
  return axes.filter((axis) => names.has(axis.name));
}
