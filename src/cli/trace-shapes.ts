/** The shapes of a trace are those that scripts rely on, whatever axes a target kept, dropped or joined. */
import { weightsOf } from "../2-design/weights.js";
import type { Tensor } from "../runtime/safetensors-write.js";
import type { TraceCall } from "./trace-call.js";

/**
 * Logits as [B, S, V], gradients as their weights are (to the graph one shared expert has no axis of experts), what there
 * is of each unit as [U, …] even where units are chosen within their sequences, and zeros for the gradients of weights
 * that nothing depends on.
 */
export function shaped({ design, rows }: Pick<TraceCall, "design" | "rows">, results: readonly Tensor[]): Tensor[] {
  const [batch, sequence] = [rows.length, rows[0]!.length - 1];
  const named = new Set(results.map(({ name }) => name));
  const wide = results.some(({ dtype }) => dtype === "F64");
  const weights = weightsOf(design);
  const shapes = new Map(weights.map(({ name, shape }) => [`grad.${name}`, shape]));
  shapes.set("logits", [batch, sequence, design.model!.vocab]);
  const idle = weights.filter(({ name }) => !named.has(`grad.${name}`));
  return [
    ...results.map((each) => ({ ...each, shape: shapes.get(each.name) ?? shapeOfUnits(each) })),
    ...idle.map(({ name, shape }): Tensor => {
      const size = shape.reduce((product, each) => product * each, 1);
      const data = wide ? new Float64Array(size) : new Float32Array(size);
      return { name: `grad.${name}`, dtype: wide ? "F64" : "F32", shape, data };
    }),
  ];
}

/** [B, S, k] -> [B·S, k] for scores and edges; other results as they are. */
function shapeOfUnits({ name, shape }: Tensor): readonly number[] {
  if (!/\.(router\.scores|edges\.(expert|weight))$/.test(name) || shape.length < 3) return shape;
  return [shape.slice(0, -1).reduce((product, each) => product * each, 1), shape.at(-1)!];
}
