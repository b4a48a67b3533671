/**
 * Rows by index: lookups and gathers. With an inverse (input 2) the gradient is a take of its own, so that
 * neither direction ever scatters; without one it is a `scatterAdd`.
 */
import { showAxes, sizeOf } from "../axes.js";
import { div, floor } from "../expr-build.js";
import type { Value } from "../graph.js";
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { Backward, Grad, OpDefinition } from "./definition.js";
import { forOperand } from "./gradient-role.js";

export const take: OpDefinition<"take"> = {
  shape(_, [x, index, inverse]) {
    ensure(x!.axes.length > 0 && index!.dtype === "i32", () => "take: needs rows and whole numbers to choose them");
    if (inverse)
      ensure(
        fitsRows(x!, inverse),
        () => `take: inverse ${showAxes(inverse.axes)} does not start with the rows of ${showAxes(x!.axes)}`,
      );
    return [{ axes: [...index!.axes, ...x!.axes.slice(1)], dtype: x!.dtype }];
  },

  evaluate(op, [x, index], [shape]) {
    const out = zeros(shape!);
    const width = sizeOf(x!.axes.slice(1));
    index!.data.forEach((n, i) => {
      if (n < 0) return;
      const row = Math.floor(n / op.divide);
      ensure(row < x!.axes[0]!.size, () => `take: row ${row} of ${showAxes(x!.axes)}`);
      out.data.set(x!.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return [out];
  },

  gradient(backward) {
    const { inputs, outputs, grads, g } = backward;
    if (inputs[0]!.dtype !== "f32") return [];
    const grad = g.spreadOut(grads[0]!, outputs[0]!.axes);
    return [forOperand(g, inputs[0]!, () => (inputs[2] === undefined ? scattered : gathered)(backward, grad))];
  },
};

/** The inverse lists, for each row of x, the rows of `out` it went to. */
const fitsRows = (x: Value, inverse: Value): boolean =>
  inverse.dtype === "i32" && inverse.axes[0]?.size === x.axes[0]!.size;

function scattered({ op, g, inputs: [x, index] }: Backward<"take">, grad: Value): Grad {
  const { divide } = op;
  const rows = divide === 1 ? index! : g.map([index!], (n) => floor(div(n, divide)), { dtype: "i32" });
  return g.scatterAdd(grad, rows, x!.axes[0]!);
}

/** d x[n] = Σ_J d out[inverse[n, J]]. */
function gathered({ op, g, inputs }: Backward<"take">, grad: Value): Grad {
  const [x, index, inverse] = inputs as [Value, Value, Value];
  const rest = x.axes.slice(1);
  // an index of several axes chose rows of one long list
  const rows = index.axes.length === 1 ? index.axes : [{ name: "N", size: sizeOf(index.axes) }];
  const flat = g.view(grad, [...rows, ...rest]);
  const back = g.take(flat, inverse, {
    divide: op.inverseDivide,
    inverse: g.view(index, rows),
    inverseDivide: op.divide,
  });
  const copies = back.axes.slice(1, back.axes.length - rest.length).map((axis) => axis.name);
  return g.view(g.reduce("sum", back, copies), x.axes);
}
