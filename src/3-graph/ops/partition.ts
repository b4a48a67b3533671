/** Counting sort of edges by expert, stable: where each expert's run begins, which edge each row is, where each edge went. */
import { sizeOf } from "../axes.js";
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const partition: OpDefinition<"partition"> = {
  shape(_, [edges], wanted) {
    ensure(
      edges!.dtype === "i32" && wanted.length === 3,
      () => "partition: edges, and axes of offsets, rows and slots",
    );
    const [offsets, rows] = wanted;
    ensure(
      sizeOf(rows!.axes) <= sizeOf(edges!.axes) && offsets!.axes.length === 1,
      () => "partition: at most one row per edge",
    );
    return [
      { axes: offsets!.axes, dtype: "i32" },
      { axes: rows!.axes, dtype: "i32" },
      { axes: edges!.axes, dtype: "i32" },
    ];
  },

  evaluate(_, [edges], [offsetsShape, rowsShape, slotsShape]) {
    const [offsets, rows, slots] = [zeros(offsetsShape!), zeros(rowsShape!), zeros(slotsShape!)];
    rows.data.fill(-1);
    slots.data.fill(-1);
    let row = 0;
    for (let e = 0; e + 1 < offsets.data.length; e++) {
      offsets.data[e] = row;
      edges!.data.forEach((expert, edge) => {
        if (expert !== e) return;
        ensure(row < rows.data.length, () => `partition: more edges than ${rows.data.length} rows`);
        rows.data[row] = edge;
        slots.data[edge] = row++;
      });
    }
    offsets.data[offsets.data.length - 1] = row;
    return [offsets, rows, slots];
  },
};
