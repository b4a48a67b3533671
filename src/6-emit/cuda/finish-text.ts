/** What happens to one element of a product: stored as it is, and whatever was fused behind it. */
import type { Dim, MatmulKernel } from "../../5-plan/plan.js";
import { printElement } from "../gpu/element.js";
import { elementSite } from "../gpu/site.js";
import type { Access } from "../gpu/spelling.js";
import { lines } from "../lines.js";
import { cudaSpelling } from "./spelling.js";

/** Statements over `row`, `column`, `product0` and, for pairs, `product1`. */
export function finishText(kernel: MatmulKernel, bindings: Access): string {
  const out = lines(4);
  const batched = kernel.batch > 1;
  kernel.outputs.forEach((o, i) => {
    if (!o.store) return;
    const lead = batched && o.store.batchStride > 0 ? `(long long)batch * ${o.store.batchStride} + ` : "";
    const at = `${lead}row * ${o.store.stride} + column`;
    const write = bindings.write(o.store.param, at, `product${kernel.paired ? i : 0}`);
    out.line(kernel.paired || kernel.outputs.length === 1 ? write : `if (output == ${i}) { ${write} }`);
  });
  if (kernel.epilogue.length === 0) return out.text();
  const line = batched ? `(batch * ${kernel.m} + row)` : "row";
  const same = (a: readonly Dim[], b: readonly Dim[]): boolean =>
    a.length === b.length && a.every((x, i) => x.name === b[i]!.name);
  const whole = `${line} * ${kernel.outputs[0]!.n} + column`;
  const at = (dims: readonly Dim[]): string => {
    if (dims.length === 0) return "0";
    if (same(dims, kernel.column)) return "column";
    return same(dims, kernel.row) ? "row" : whole;
  };
  const tile = (o: number): string => `product${kernel.paired ? o : 0}`;
  printElement(kernel.epilogue, elementSite(cudaSpelling("block"), bindings, at, tile), () => whole, out);
  return out.text();
}
