/** Indices of the k largest along the last axis, best first, ties to the lowest index; -1 where the key is -inf. */
import { showAxes } from "../axes.js";
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const topK: OpDefinition<"topK"> = {
  shape(op, [key], [wanted]) {
    const last = key!.axes.at(-1);
    ensure(
      last?.name === op.axis && op.k >= 1 && op.k <= last.size,
      () => `topK(${op.k}) along ${op.axis} of ${showAxes(key!.axes)}`,
    );
    const name = wanted?.axes.at(-1)?.name ?? "K";
    return [{ axes: [...key!.axes.slice(0, -1), { name, size: op.k }], dtype: "i32" }];
  },

  evaluate(op, [key], [shape]) {
    const out = zeros(shape!);
    const size = key!.axes.at(-1)!.size;
    for (let row = 0; row * size < key!.data.length; row++) {
      const keys = key!.data.subarray(row * size, (row + 1) * size);
      const order = Array.from(keys.keys()).sort((a, b) => descending(keys[a]!, keys[b]!) || a - b);
      order.slice(0, op.k).forEach((n, k) => {
        out.data[row * op.k + k] = keys[n] === Number.NEGATIVE_INFINITY ? -1 : n;
      });
    }
    return [out];
  },
};

// not a subtraction: -inf − -inf is not a number
const descending = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0);
