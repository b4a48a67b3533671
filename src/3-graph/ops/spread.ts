/** The adjoint of `pick`: puts values at their index along a new axis and adds where they meet. */
import { axisOf, has, sameAxes, showAxes, without } from "../axes.js";
import { ensure } from "../internal.js";
import { forEachElement, stridesAlong, zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const spread: OpDefinition<"spread"> = {
  shape(op, [values, index], [wanted]) {
    const fits = sameAxes(values!.axes, index!.axes) && index!.dtype === "i32" && has(values!.axes, op.over);
    ensure(
      fits && wanted !== undefined,
      () => `spread over ${op.over}: ${showAxes(values!.axes)} by ${showAxes(index!.axes)}`,
    );
    const rest = without(values!.axes, [op.over]);
    const kept = without(wanted!.axes, [op.axis]);
    ensure(has(wanted!.axes, op.axis) && sameAxes(rest, kept), () => `spread gives ${showAxes(rest)} and ${op.axis}`);
    return [{ axes: wanted!.axes, dtype: values!.dtype }];
  },

  evaluate(op, [values, index], [shape]) {
    const out = zeros(shape!);
    const stride = stridesAlong(shape!.axes, [axisOf(shape!.axes, op.axis)])[0]!;
    const layout = shape!.axes.map((a) => (a.name === op.axis ? { name: "", size: a.size } : a));
    forEachElement(values!.axes, [values!.axes, layout], (_, [from, to]) => {
      const n = index!.data[from!]!;
      if (n >= 0) out.data[to! + stride * n]! += values!.data[from!]!;
    });
    return [out];
  },

  gradient({ op, g, inputs: [, index], outputs: [y], grads: [grad] }) {
    return [g.pick(g.spreadOut(grad!, y!.axes), index!, op.axis)];
  },
};
