/** Some rows in the place of others, such as the keys of a new token in what attention has kept of a sequence. */
import { sameAxes, showAxes, sizeOf } from "../axes.js";
import { ensure } from "../internal.js";
import type { OpDefinition } from "./definition.js";

export const put: OpDefinition<"put"> = {
  shape(_, [x, index, rows]) {
    const fits =
      index!.dtype === "i32" &&
      index!.axes.length === 1 &&
      index!.axes[0]!.size === rows!.axes[0]?.size &&
      sameAxes(x!.axes.slice(1), rows!.axes.slice(1)) &&
      x!.dtype === rows!.dtype;
    ensure(fits, () => `put: ${showAxes(rows!.axes)} into ${showAxes(x!.axes)} by ${showAxes(index!.axes)}`);
    return [{ axes: x!.axes, dtype: x!.dtype }];
  },

  evaluate(_, [x, index, rows], [shape]) {
    const data = x!.data.slice();
    const width = sizeOf(shape!.axes.slice(1));
    index!.data.forEach((n, i) => {
      ensure(n >= 0 && n < shape!.axes[0]!.size, () => `put: row ${n} of ${showAxes(shape!.axes)}`);
      data.set(rows!.data.subarray(i * width, (i + 1) * width), n * width);
    });
    return [{ ...x!, data }];
  },
};
