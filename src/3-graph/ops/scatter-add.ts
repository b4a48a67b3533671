/**
 * Adds every row to its index, in order: the deterministic adjoint of `take`. With weights (input 2) each row is
 * multiplied with the number of its index first, and one row may go to several indices: the adjoint of Σ weight · take,
 * without a copy of the row for each.
 */
import { has, showAxes, sizeOf } from "../axes.js";
import type { Value } from "../graph.js";
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { Backward, Grad, OpDefinition } from "./definition.js";

/** Axes that values and index share, in front of both. */
function leading(values: Pick<Value, "axes">, index: Pick<Value, "axes">): number {
  let n = 0;
  while (n < index.axes.length && index.axes[n]!.name === values.axes[n]?.name) n++;
  return n;
}

export const scatterAdd: OpDefinition<"scatterAdd"> = {
  shape(_, [values, index, weight], [wanted]) {
    const lead = weight === undefined ? index!.axes.length : leading(values!, index!);
    const alike = values!.axes.slice(0, lead).every((a, i) => a.size === index!.axes[i]!.size);
    const weighs = weight === undefined || sizeOf(weight.axes) === sizeOf(index!.axes);
    const fits = index!.dtype === "i32" && alike && weighs && lead > 0;
    ensure(fits && wanted !== undefined, () => `scatterAdd: ${showAxes(values!.axes)} by ${showAxes(index!.axes)}`);
    return [{ axes: [wanted!.axes[0]!, ...values!.axes.slice(lead)], dtype: values!.dtype }];
  },

  evaluate(_, [values, index, weight], [shape]) {
    const out = zeros(shape!);
    const width = sizeOf(shape!.axes.slice(1));
    const copies = index!.data.length / (values!.data.length / width);
    index!.data.forEach((n, i) => {
      if (n < 0) return;
      const [from, times] = [Math.floor(i / copies) * width, weight?.data[i] ?? 1];
      for (let c = 0; c < width; c++) out.data[n * width + c]! += times * values!.data[from + c]!;
    });
    return [out];
  },

  gradient(backward) {
    const { g, inputs, outputs, grads } = backward;
    const taken = g.take(g.spreadOut(grads[0]!, outputs[0]!.axes), inputs[1]!);
    return inputs[2] === undefined ? [taken] : weighted(backward, taken);
  },
};

/** d row = Σ weight · d out[index] over its copies; d weight = row · d out[index]. */
function weighted({ g, inputs }: Backward<"scatterAdd">, taken: Value): readonly (Grad | undefined)[] {
  const [values, index, weight] = inputs as [Value, Value, Value];
  const copies = index.axes.filter(({ name }) => !has(values.axes, name)).map(({ name }) => name);
  const rest = values.axes.filter(({ name }) => !has(index.axes, name)).map(({ name }) => name);
  return [
    g.contract(taken, weight, copies, { axes: values.axes }),
    undefined,
    g.contract(taken, values, rest, { axes: weight.axes }),
  ];
}
