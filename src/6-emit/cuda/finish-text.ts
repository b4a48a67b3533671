/** What happens to one element of a product: stored as it is, and whatever was fused behind it. */
import type { Dim, Layout, MatmulKernel } from "../../5-plan/plan.js";
import { printElement } from "../gpu/element.js";
import { elementSite } from "../gpu/site.js";
import type { Access } from "../gpu/spelling.js";
import { lines } from "../lines.js";
import { cudaSpelling } from "./spelling.js";

/** Texts of places in tensors, over `row`, `column` and `batch`. */
export interface Places {
  /** in a result that is stored as it is */
  readonly stored: (store: Layout) => string;
  /** in tensors that have a number for each row and column */
  readonly whole: string;
  /** in tensors of these axes */
  readonly at: (dims: readonly Dim[]) => string;
}

/** Every place of a tensor with columns ends in `column`. */
export function placesOf(kernel: MatmulKernel): Places {
  const batched = kernel.batch > 1;
  const line = batched ? `(batch * ${kernel.m} + row)` : "row";
  const whole = `${line} * ${kernel.outputs[0]!.n} + column`;
  const same = (a: readonly Dim[], b: readonly Dim[]): boolean =>
    a.length === b.length && a.every((x, i) => x.name === b[i]!.name);
  return {
    stored: ({ stride, batchStride }) => {
      const lead = batched && batchStride > 0 ? `(long long)batch * ${batchStride} + ` : "";
      return `${lead}row * ${stride} + column`;
    },
    whole,
    at: (dims) => {
      if (dims.length === 0) return "0";
      if (same(dims, kernel.column)) return "column";
      return same(dims, kernel.row) ? "row" : whole;
    },
  };
}

/** Statements over `row`, `column`, `product0` and, for pairs, `product1`. */
export function finishText(kernel: MatmulKernel, bindings: Access): string {
  const out = lines(4);
  const { stored, whole, at } = placesOf(kernel);
  kernel.outputs.forEach((o, i) => {
    if (!o.store) return;
    const write = bindings.write(o.store.param, stored(o.store), `product${kernel.paired ? i : 0}`);
    out.line(kernel.paired || kernel.outputs.length === 1 ? write : `if (output == ${i}) { ${write} }`);
  });
  if (kernel.epilogue.length === 0) return out.text();
  const tile = (o: number): string => `product${kernel.paired ? o : 0}`;
  printElement(kernel.epilogue, elementSite(cudaSpelling("block"), bindings, at, tile), () => whole, out);
  return out.text();
}
