/** The experts of one mixture as one node: a promise that stage 4 keeps. It has a shape and nothing else. */
import { sameAxes, showAxes } from "../axes.js";
import { ensure } from "../internal.js";
import type { OpDefinition } from "./definition.js";

export const experts: OpDefinition<"experts"> = {
  shape(op, inputs) {
    const [x, edges, weight] = inputs;
    ensure(
      edges!.dtype === "i32" && sameAxes(edges!.axes, weight!.axes),
      () => `experts: weight ${showAxes(weight!.axes)} of edges ${showAxes(edges!.axes)}`,
    );
    const params = op.groups.reduce((n, group) => n + group.params, 3);
    ensure(inputs.length === params, () => `experts of ${op.site}: ${inputs.length} inputs, not ${params}`);
    return [{ axes: op.width ? [...x!.axes.slice(0, -1), op.width] : x!.axes, dtype: "f32" }];
  },
};
