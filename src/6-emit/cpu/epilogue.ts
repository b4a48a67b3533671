/** What is done with the tile of a product while it is in registers or the first cache. */
import type { Dim, MatmulKernel, OuterKernel } from "../../5-plan/plan.js";
import { lines } from "../lines.js";
import type { Site } from "./site.js";
import { printVectorBody } from "./vector-body.js";

/** Whether a result may bypass the caches: nobody reads it soon, and its rows lie on a vector's width. */
export const isFar = (kernel: MatmulKernel | OuterKernel, param: number, stride: number, n: number): boolean =>
  kernel.params[param]!.far === true && stride % 16 === 0 && n % 16 === 0;

/** The statements on a tile's row that stands at `tile`, `lanes` numbers at a time from `column` on. */
export function epilogueText(kernel: MatmulKernel, indent: number, paired: boolean, tileRow = "tile + r * NR"): string {
  const out = lines(indent);
  const width = kernel.outputs[0]!.n;
  const same = (a: readonly Dim[], b: readonly Dim[]) =>
    a.length === b.length && a.every((x, i) => x.name === b[i]!.name);
  const at = (dims: readonly Dim[]) => {
    if (dims.length === 0) return { offset: "0", vector: false };
    if (same(dims, kernel.column)) return { offset: "column", vector: true };
    if (same(dims, kernel.row)) return { offset: "row", vector: false };
    return { offset: `row * ${width} + column`, vector: true };
  };
  const tile = (o: number) => `vf_load(${tileRow} + ${paired && o === 1 ? "VL + h" : "h"})`;
  const site: Site = { params: kernel.params, coordinates: new Map(), at, tile, chunk: "chunk" };
  const target = (param: number) => ({
    pointer: `${kernel.params[param]!.name} + row * ${width} + column`,
    far: isFar(kernel, param, width, width),
  });
  printVectorBody(kernel.epilogue, site, target, out);
  return out.text();
}
