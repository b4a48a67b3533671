/** Adds every row to its index, in order: the deterministic adjoint of `take`. */
import { showAxes, sizeOf } from "../axes.js";
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const scatterAdd: OpDefinition<"scatterAdd"> = {
  shape(_, [values, index], [wanted]) {
    const lead = index!.axes.length;
    const fits = index!.dtype === "i32" && values!.axes.slice(0, lead).every((a, i) => a.size === index!.axes[i]!.size);
    ensure(fits && wanted !== undefined, () => `scatterAdd: ${showAxes(values!.axes)} by ${showAxes(index!.axes)}`);
    return [{ axes: [wanted!.axes[0]!, ...values!.axes.slice(lead)], dtype: values!.dtype }];
  },

  evaluate(_, [values, index], [shape]) {
    const out = zeros(shape!);
    const width = sizeOf(shape!.axes.slice(1));
    index!.data.forEach((n, i) => {
      if (n < 0) return;
      for (let c = 0; c < width; c++) out.data[n * width + c]! += values!.data[i * width + c]!;
    });
    return [out];
  },

  gradient({ g, inputs: [, index], outputs: [out], grads: [grad] }) {
    return [g.take(g.spreadOut(grad!, out!.axes), index!)];
  },
};
