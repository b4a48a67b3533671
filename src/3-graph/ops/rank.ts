/** The place of every element in its row, largest first, ties to the lowest index; and which element has each place. */
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const rank: OpDefinition<"rank"> = {
  shape(_, [key]) {
    ensure(key!.axes.length > 0 && key!.dtype === "f32", () => "rank: keys in rows");
    const { axes } = key!;
    return [
      { axes, dtype: "i32" },
      { axes, dtype: "i32" },
    ];
  },

  evaluate(_, [key], [rankShape, orderShape]) {
    const [ranks, orders] = [zeros(rankShape!), zeros(orderShape!)];
    ranks.data.fill(-1);
    orders.data.fill(-1);
    const size = key!.axes.at(-1)!.size;
    for (let start = 0; start < key!.data.length; start += size) {
      const keys = key!.data.subarray(start, start + size);
      inOrder(keys).forEach((n, place) => {
        ranks.data[start + n] = place;
        orders.data[start + place] = n;
      });
    }
    return [ranks, orders];
  },
};

/** Elements that are not -inf, largest first. */
function inOrder(keys: ArrayLike<number>): readonly number[] {
  const all = Array.from({ length: keys.length }, (_, n) => n);
  return all
    .filter((n) => keys[n] !== Number.NEGATIVE_INFINITY)
    .sort((a, b) => (keys[a]! > keys[b]! ? -1 : keys[a]! < keys[b]! ? 1 : a - b));
}
