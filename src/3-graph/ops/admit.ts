/**
 * Edges into experts with limited room, one after the other, so that who comes first decides. An edge whose expert is
 * full takes the best expert of its unit that has room and that no edge of the unit has, if experts are ranked.
 */
import { showAxes, sizeOf } from "../axes.js";
import { ensure } from "../internal.js";
import { type TensorData, zeros } from "../tensor.js";
import type { OpDefinition } from "./definition.js";

export const admit: OpDefinition<"admit"> = {
  shape(_, [edges, order, room, ranked]) {
    const whole = [edges, order, room, ...(ranked ? [ranked] : [])].every((v) => v!.dtype === "i32");
    const fits = sizeOf(order!.axes) === sizeOf(edges!.axes) && edges!.axes.length === 2 && room!.axes.length === 1;
    ensure(whole && fits, () => `admit: ${showAxes(edges!.axes)} in the order of ${showAxes(order!.axes)}`);
    const units = edges!.axes[0]!.size;
    ensure(
      !ranked || sizeOf(ranked.axes) === units * ranked.axes.at(-1)!.size,
      () => `admit: ranked ${showAxes(ranked!.axes)}`,
    );
    return [{ axes: edges!.axes, dtype: "i32" }];
  },

  evaluate(_, [edges, order, room, ranked], [shape]) {
    const out = zeros(shape!);
    out.data.fill(-1);
    const k = edges!.axes[1]!.size;
    const left = Int32Array.from(room!.data);
    const most = ranked === undefined ? 0 : ranked.axes.at(-1)!.size;
    for (const edge of order!.data) {
      const wanted = edge < 0 ? -1 : edges!.data[edge]!;
      if (wanted < 0) continue;
      const unit = Math.floor(edge / k);
      const own = out.data.subarray(unit * k, unit * k + k);
      const others = ranked?.data.subarray(unit * most, unit * most + most) ?? [];
      const expert = firstWithRoom([wanted, ...others], own, left);
      if (expert >= 0) left[expert]!--;
      out.data[edge] = expert;
    }
    return [out];
  },
};

function firstWithRoom(experts: readonly number[], own: TensorData, left: Int32Array): number {
  return experts.find((e) => e >= 0 && left[e]! > 0 && !own.some((taken) => taken === e)) ?? -1;
}
