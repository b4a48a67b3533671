/**
 * What happens to four neighbours of a product's row at once: as `finish-text.ts`, but what is read and written at the
 * element's own place comes and goes in fours.
 */
import type { MatmulKernel } from "../../../5-plan/plan.js";
import { printElement } from "../../gpu/element.js";
import { elementSite } from "../../gpu/site.js";
import type { Access } from "../../gpu/spelling.js";
import { type Lines, lines } from "../../lines.js";
import { placesOf } from "../finish-text.js";
import { cudaSpelling } from "../spelling.js";
import type { Context } from "../view.js";

/** Statements over `row`, `first` (column of the first of four), `product0_four` and, for pairs, `product1_four`. */
export function finishFours(kernel: MatmulKernel, bindings: Access, twins: Context["twins"]): string {
  const out = lines(8);
  const nameOf = (param: number): string => bindings.params[param]!.name;
  const put = (param: number, at: string, four: string): void => {
    out.line(`write_four(${nameOf(param)} + ${atFirst(at)}, ${four});`);
    const twin = twins.get(param);
    if (twin !== undefined) out.line(`write_four(${nameOf(twin)} + ${atFirst(at)}, ${four});`);
  };
  kernel.outputs.forEach((o, i) => {
    if (!o.store) return;
    const { param } = o.store;
    const store = (): void => put(param, placesOf(kernel).stored(o.store!), `product${kernel.paired ? i : 0}_four`);
    if (kernel.paired || kernel.outputs.length === 1) store();
    else out.block(`if (output == ${i})`, store);
  });
  if (kernel.epilogue.length > 0) printEpilogue(kernel, bindings, put, out);
  return out.text();
}

/** Places end in the column. */
const atFirst = (at: string): string => at.replace(/column$/, "first");

function printEpilogue(
  kernel: MatmulKernel,
  bindings: Access,
  put: (param: number, at: string, four: string) => void,
  out: Lines,
): void {
  const { whole, at } = placesOf(kernel);
  const [read, written] = [new Set<number>(), new Set<number>()];
  const nameOf = (param: number): string => bindings.params[param]!.name;
  const fours: Access = {
    params: bindings.params,
    read: (i, place) => {
      if (place !== whole || bindings.params[i]!.dtype !== "f32") return bindings.read(i, place);
      read.add(i);
      return `${nameOf(i)}_four[c]`;
    },
    write: (i, _, value) => {
      written.add(i);
      return `${nameOf(i)}_new[c] = ${value};`;
    },
  };
  const body = lines(10);
  const tile = (o: number): string => `product${kernel.paired ? o : 0}_four[c]`;
  printElement(kernel.epilogue, elementSite(cudaSpelling("block"), fours, at, tile), () => whole, body);
  for (const i of read) out.line(`float ${nameOf(i)}_four[4];`);
  for (const i of read) out.line(`read_four(${nameOf(i)}_four, ${nameOf(i)} + ${atFirst(whole)});`);
  for (const i of written) out.line(`float ${nameOf(i)}_new[4];`);
  out.line("#pragma unroll");
  out.block("for (int c = 0; c < 4; c++)", () => {
    if (/\bcolumn\b/.test(body.text())) out.line("const int column = first + c;");
    // tensor cores wait meanwhile, and what comes out is no more exact than its operands
    const quick = body.text().replace(/\bsigmoid\(/g, "quick_sigmoid(");
    for (const line of quick.split("\n")) out.line(line.trim());
  });
  for (const i of written) put(i, whole, `${nameOf(i)}_new`);
}
