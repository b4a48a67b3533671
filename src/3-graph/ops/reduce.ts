/** Sum or maximum over named axes; those left keep their order. */
import { has, without } from "../axes.js";
import { eq, select } from "../expr-build.js";
import { ensure } from "../internal.js";
import { forEachElement, zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const reduce: OpDefinition<"reduce"> = {
  shape(op, [x]) {
    ensure(
      op.over.every((name) => has(x!.axes, name)),
      () => `reduce over ${op.over.join(", ")}: no such axis`,
    );
    return [{ axes: without(x!.axes, op.over), dtype: x!.dtype }];
  },

  evaluate(op, [x], [shape]) {
    const out = zeros(shape!);
    if (op.how === "max") out.data.fill(Number.NEGATIVE_INFINITY);
    forEachElement(x!.axes, [x!.axes, shape!.axes], (_, offsets) => {
      const [from, to] = [x!.data[offsets[0]!]!, offsets[1]!];
      out.data[to] = op.how === "sum" ? out.data[to]! + from : Math.max(out.data[to]!, from);
    });
    return [out];
  },

  // a maximum hands its gradient to every element that reaches it: without ties, to one
  gradient({ op, g, inputs: [x], outputs: [y], grads: [grad] }) {
    if (op.how === "sum") return [grad];
    return [g.map([x!, y!, grad!], (a, m, d) => select(eq(a, m), d, 0), { axes: x!.axes })];
  },
};
