/** The same numbers in row-major order under other axes; costs nothing. */
import { showAxes, sizeOf } from "../axes.js";
import { ensure } from "../internal.js";
import type { OpDefinition } from "./definition.js";

export const view: OpDefinition<"view"> = {
  shape(_, [x], [wanted]) {
    const fits = sizeOf(x!.axes) === sizeOf(wanted!.axes) && x!.dtype === wanted!.dtype;
    ensure(fits, () => `view: ${showAxes(x!.axes)} is not ${showAxes(wanted!.axes)}`);
    return [wanted!];
  },
  evaluate: (_, [x], [shape]) => [{ axes: shape!.axes, dtype: shape!.dtype, data: x!.data }],
  gradient({ g, inputs: [x], outputs: [y], grads: [grad] }) {
    return [typeof grad === "number" ? grad : g.view(g.spreadOut(grad!, y!.axes), x!.axes)];
  },
};
