/** Rotary tables for tests, straight from the definition. */
import type { Axis, DataSource } from "../../src/3-graph/graph.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";

/** [S, headDim/2]: cos or sin of p · base^(−2j/headDim), rounded to f32. */
export function rotaryTable(axes: readonly Axis[], source: Extract<DataSource, { kind: "rope" }>): Tensor {
  const half = axes[1]!.size;
  const angle = (i: number) => Math.floor(i / half) * source.base ** (-(i % half) / half);
  return tensor(
    axes,
    Array.from({ length: axes[0]!.size * half }, (_, i) => Math.fround(Math[source.part](angle(i)))),
  );
}
