/**
 * How a tensor of one design gets its numbers from a checkpoint of another one, as plain data, and the arithmetic
 * itself. Nothing is read from disk here, and nothing is decided.
 */
import { volume } from "./tensors.js";

export type How =
  /** the same numbers, perhaps under another name */
  | { readonly kind: "copy"; readonly from: string }
  /**
   * Along one axis, in runs of `block` places: run i is the mean of the runs `sources[i]` of the other tensor, and
   * starts anew where there are none. All other axes are alike.
   */
  | {
      readonly kind: "gather";
      readonly from: string;
      readonly axis: number;
      readonly block: number;
      readonly sources: readonly (readonly number[])[];
    }
  /** `copies` times the same numbers, one after the other along a new first axis */
  | { readonly kind: "repeat"; readonly from: string; readonly copies: number }
  /** starts as in a new run */
  | { readonly kind: "init" };

/** A tensor of numbers, in row-major order. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

/** The numbers of a tensor: `start` is how it would start in a new run, `source` the tensor named by `from`. */
export function transferNumbers(how: How, start: Numbers, source: Numbers | undefined): Numbers["data"] {
  if (how.kind === "init" || source === undefined) return start.data;
  if (how.kind === "copy") return source.data.slice();
  if (how.kind === "repeat") return repeated(source.data, how.copies, start.data);
  return gathered(how, start, source);
}

function repeated(source: Numbers["data"], copies: number, start: Numbers["data"]): Numbers["data"] {
  const made = start.slice();
  for (let i = 0; i < copies; i++) made.set(source, i * source.length);
  return made;
}

type Gather = Extract<How, { kind: "gather" }>;

function gathered({ axis, block, sources }: Gather, start: Numbers, source: Numbers): Numbers["data"] {
  const made = start.data.slice();
  const run = block * volume(start.shape.slice(axis + 1));
  const [strideTo, strideFrom] = [volume(start.shape.slice(axis)), volume(source.shape.slice(axis))];
  for (let outer = 0; outer < volume(start.shape.slice(0, axis)); outer++) {
    sources.forEach((runs, i) => {
      if (runs.length === 0) return;
      const parts = runs.map((from) => source.data.subarray(outer * strideFrom + from * run).subarray(0, run));
      made.set(parts.length === 1 ? parts[0]! : meanOf(parts), outer * strideTo + i * run);
    });
  }
  return made;
}

/** Place by place, summed in order: two machines agree to the bit. */
function meanOf(parts: readonly Numbers["data"][]): Float64Array {
  const means = new Float64Array(parts[0]!.length);
  for (const part of parts) {
    part.forEach((value, at) => {
      means[at] = means[at]! + value;
    });
  }
  return means.map((sum) => sum / parts.length);
}
