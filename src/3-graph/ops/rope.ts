/** Rotary positions, rotate-half: the two halves (a, b) of every head become (a cos − b sin, b cos + a sin). */
import { showAxes } from "../axes.js";
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const rope: OpDefinition<"rope"> = {
  shape(op, [x, cos, sin]) {
    const fits = x!.axes.length === 2 && x!.axes[1]!.size % op.headDim === 0 && op.headDim % 2 === 0;
    const half = [cos, sin].every((t) => t!.axes.length === 2 && t!.axes[1]!.size === op.headDim / 2);
    ensure(
      fits && half && x!.axes[0]!.size % cos!.axes[0]!.size === 0,
      () => `rope(${op.headDim}) of ${showAxes(x!.axes)}`,
    );
    return [{ axes: x!.axes, dtype: "f32" }];
  },

  evaluate(op, [x, cos, sin], [shape]) {
    const out = zeros(shape!);
    const [half, seq, width] = [op.headDim / 2, cos!.axes[0]!.size, shape!.axes[1]!.size];
    for (let at = 0; at < out.data.length; at++) {
      const [t, j] = [Math.floor(at / width), at % op.headDim];
      if (j >= half) continue;
      const place = (t % seq) * half + j;
      const [c, s] = [cos!.data[place]!, op.inverse ? -sin!.data[place]! : sin!.data[place]!];
      const [a, b] = [x!.data[at]!, x!.data[at + half]!];
      out.data[at] = a * c - b * s;
      out.data[at + half] = b * c + a * s;
    }
    return [out];
  },

  gradient({ op, g, inputs: [x, cos, sin], grads: [grad] }) {
    return [g.rope(g.spreadOut(grad!, x!.axes), cos!, sin!, { headDim: op.headDim, inverse: !op.inverse })];
  },
};
