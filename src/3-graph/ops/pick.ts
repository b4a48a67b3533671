/**
 * Elements by index along one axis. The index has all other axes of x and may have more (K); without more
 * it picks one element each, as the cross-entropy does with the target.
 */
import { axisOf, has, showAxes, within, without } from "../axes.js";
import { index as coordinate, eq, select } from "../expr-build.js";
import { ensure } from "../internal.js";
import { forEachElement, stridesAlong, zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const pick: OpDefinition<"pick"> = {
  shape(op, [x, index]) {
    const rest = without(x!.axes, [op.axis]);
    const fits = has(x!.axes, op.axis) && within(rest, index!.axes) && index!.dtype === "i32";
    ensure(fits, () => `pick along ${op.axis}: ${showAxes(x!.axes)} by ${showAxes(index!.axes)}`);
    return [{ axes: index!.axes, dtype: x!.dtype }];
  },

  evaluate(op, [x, index], [shape]) {
    const out = zeros(shape!);
    const rest = without(x!.axes, [op.axis]);
    const stride = stridesAlong(x!.axes, [axisOf(x!.axes, op.axis)])[0]!;
    // the picked axis is left out of the walk: its place is what the index says
    const layout = x!.axes.map((a) => (has(rest, a.name) ? a : { name: "", size: a.size }));
    forEachElement(shape!.axes, [layout, shape!.axes], (_, [at, to]) => {
      const n = index!.data[to!]!;
      if (n >= 0) out.data[to!] = x!.data[at! + stride * n]!;
    });
    return [out];
  },

  gradient({ op, g, inputs: [x, index], outputs: [y], grads: [grad] }) {
    const extra = y!.axes.filter((a) => !has(x!.axes, a.name));
    if (extra.length === 0) {
      return [g.map([index!, grad!], (n, d) => select(eq(coordinate(op.axis), n), d, 0), { axes: x!.axes })];
    }
    const axis = axisOf(x!.axes, op.axis);
    ensure(extra.length === 1, () => "pick: one further axis at most has a gradient");
    return [g.spread(g.spreadOut(grad!, y!.axes), index!, { axis, over: extra[0]!.name, axes: x!.axes })];
  },
};
