/** How many edges go to each expert; -1 counts nowhere. */
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const histogram: OpDefinition<"histogram"> = {
  shape(_, [edges], [wanted]) {
    ensure(edges!.dtype === "i32" && wanted?.axes.length === 1, () => "histogram: edges and the axis of experts");
    return [{ axes: wanted!.axes, dtype: "f32" }];
  },
  evaluate(_, [edges], [shape]) {
    const out = zeros(shape!);
    for (const e of edges!.data) if (e >= 0) out.data[e]!++;
    return [out];
  },
};
