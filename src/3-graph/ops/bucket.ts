/** Fixed room per expert: edges take places in flat order, those past the room are left out. */
import { ensure } from "../internal.js";
import { zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const bucket: OpDefinition<"bucket"> = {
  shape(op, [edges], wanted) {
    const rows = wanted[0];
    const fits = edges!.dtype === "i32" && rows?.axes.length === 2 && rows.axes[1]!.size === op.room;
    ensure(fits, () => "bucket: edges, and the axes of experts and places");
    return [
      { axes: rows!.axes, dtype: "i32" },
      { axes: edges!.axes, dtype: "i32" },
    ];
  },

  evaluate(op, [edges], [rowsShape, slotsShape]) {
    const [rows, slots] = [zeros(rowsShape!), zeros(slotsShape!)];
    rows.data.fill(-1);
    slots.data.fill(-1);
    const used = new Int32Array(rowsShape!.axes[0]!.size);
    edges!.data.forEach((expert, edge) => {
      if (expert < 0 || used[expert]! >= op.room) return;
      const slot = expert * op.room + used[expert]!++;
      rows.data[slot] = edge;
      slots.data[edge] = slot;
    });
    return [rows, slots];
  },
};
