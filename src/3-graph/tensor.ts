/** Dense row-major arrays: what the interpreter computes with. Numbers are f64, whole numbers i32 or u8. */
import { type Shape, sizeOf } from "./axes.js";
import type { Axis, DType } from "./graph.js";

export type TensorData = Float64Array | Int32Array | Uint8Array;

export interface Tensor extends Shape {
  readonly data: TensorData;
}

/** Zeros of the given shape. */
export function zeros(shape: Shape): Tensor {
  const size = sizeOf(shape.axes);
  return { axes: shape.axes, dtype: shape.dtype, data: arrays[shape.dtype](size) };
}

const arrays: Readonly<Record<DType, (size: number) => TensorData>> = {
  f32: (size) => new Float64Array(size),
  i32: (size) => new Int32Array(size),
  u8: (size) => new Uint8Array(size),
};

/** A tensor from plain numbers in row-major order. */
export function tensor(axes: readonly Axis[], values: ArrayLike<number>, dtype: DType = "f32"): Tensor {
  const made = zeros({ axes, dtype });
  made.data.set(Array.from(values));
  return made;
}

/** Elements between neighbours along each of `axes`, as seen from an array laid out as `layout`; 0 where it lacks the axis. */
export function stridesAlong(layout: readonly Axis[], axes: readonly Axis[]): readonly number[] {
  return axes.map((axis) => {
    const at = layout.findIndex((l) => l.name === axis.name);
    return at < 0 ? 0 : sizeOf(layout.slice(at + 1));
  });
}

/** Calls `visit` for every coordinate of `axes` in row-major order, with the flat offset into each layout. */
export function forEachElement(
  axes: readonly Axis[],
  layouts: readonly (readonly Axis[])[],
  visit: (coordinates: Int32Array, offsets: Int32Array) => void,
): void {
  const strides = layouts.map((layout) => stridesAlong(layout, axes));
  const coordinates = new Int32Array(axes.length);
  const offsets = new Int32Array(layouts.length);
  const total = sizeOf(axes);
  for (let n = 0; n < total; n++) {
    visit(coordinates, offsets);
    for (let d = axes.length - 1; d >= 0; d--) {
      coordinates[d]!++;
      const wrap = coordinates[d] === axes[d]!.size;
      for (let l = 0; l < layouts.length; l++) {
        offsets[l]! += strides[l]![d]! * (wrap ? 1 - axes[d]!.size : 1);
      }
      if (!wrap) break;
      coordinates[d] = 0;
    }
  }
}
