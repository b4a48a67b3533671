/**
 * What happens to a slice of 64 columns of a warp's sixteen rows behind a product: it is written to panels as it is, or
 * goes through what was fused behind the product with others, and leaves. Lanes hold sixteen numbers of each half slice.
 */
import type { MatmulKernel } from "../../../5-plan/plan.js";
import type { TensorMapSpec } from "../../../targets/cuda/program.js";
import { printElement } from "../../gpu/element.js";
import { elementSite } from "../../gpu/site.js";
import type { Access } from "../../gpu/spelling.js";
import { type Lines, lines } from "../../lines.js";
import { placesOf } from "../finish-text.js";
import { cudaSpelling } from "../spelling.js";
import type { Context } from "../view.js";
import { broughtOf, deskMap, type Pass, type Passing, panelsOf, withTwin } from "./desk.js";
import { named } from "./panels.js";

/** What a kernel writes behind its products, and what it reads there by the copy engine. */
export interface Finish {
  /** results stored as they are, and of which product */
  readonly stored: readonly { readonly output: number; readonly pass: Pass }[];
  /** results of what was fused behind the product */
  readonly computed: Pass;
  readonly brought: readonly Passing[];
}

export const passesOf = ({ stored, computed }: Finish): readonly Pass[] => [
  ...stored.map((s) => s.pass),
  ...(computed.length > 0 ? [computed] : []),
];

/** Of a product of matrices; `kernel` with its parameters' names in the text. */
export function finishOf(kernel: MatmulKernel, bindings: Access, context: Context): Finish {
  const nameOf = (param: number): string => bindings.params[param]!.name;
  const { m, batch } = kernel;
  const passing = (param: number, n: number, stride: number, apart: number): Passing => ({
    param,
    name: nameOf(param),
    of: nameOf(param),
    half: context.halves.has(param),
    stride,
    extent: [n, m, batch],
    apart,
    lead: batch > 1 && apart > 0 ? "batch" : "0",
  });
  const stored = kernel.outputs.flatMap(({ store, n }, output) => {
    if (!store) return [];
    return [{ output, pass: withTwin(passing(store.param, n, store.stride, store.batchStride), nameOf, context) }];
  });
  const n = kernel.outputs[0]!.n;
  const whole = (param: number): Passing => passing(param, n, n, m * n);
  const { read, written } = wholeParams(kernel, bindings);
  const computed = written.flatMap((param) => withTwin(whole(param), nameOf, context));
  return { stored, computed, brought: broughtOf(read.map(whole)) };
}

/** Parameters with a number for each of the product's that are read and written behind it. */
function wholeParams(kernel: MatmulKernel, bindings: Access): { read: number[]; written: number[] } {
  const { whole, at } = placesOf(kernel);
  const [read, written] = [new Set<number>(), new Set<number>()];
  const watching: Access = {
    params: bindings.params,
    read: (i, place) => {
      if (place === whole && bindings.params[i]!.dtype === "f32") read.add(i);
      return "0";
    },
    write: (i) => {
      written.add(i);
      return "";
    },
  };
  printElement(
    kernel.epilogue,
    elementSite(cudaSpelling("block"), watching, at, () => "0"),
    () => whole,
    lines(0),
  );
  return { read: [...read], written: [...written] };
}

/** Statements over `top` and `first` (the slice's first row and column), `product0` and, for pairs, `product1`. */
export function printFinish(kernel: MatmulKernel, finish: Finish, bindings: Access, maps: TensorMapSpec[]): string {
  const out = lines(6);
  for (const { output, pass } of finish.stored) {
    const product = `product${kernel.paired ? output : 0}`;
    const one = (): void => printPass(pass, () => `${product} + part * 16`, kernel.group !== undefined, maps, out);
    if (kernel.paired || kernel.outputs.length === 1) out.block("", one);
    else out.block(`if (output == ${output})`, one);
  }
  if (finish.computed.length > 0) out.block("", () => printComputed(kernel, finish, bindings, maps, out));
  return out.text();
}

/** Writes panels, half a slice after the other, and sends them. `inPart`: statements of a half slice before. */
export function printPass(
  pass: Pass,
  numbersOf: (p: Passing) => string,
  ragged: boolean,
  maps: TensorMapSpec[],
  out: Lines,
  inPart: () => void = () => {},
): void {
  const at = pass.map((_, i) => pass.slice(0, i).reduce((n, p) => n + panelsOf(p), 0));
  const panelOf = (i: number): string => (at[i] === 0 ? "panels" : `panels + ${at[i]} * WARP_PANEL`);
  out.line("unsigned char *const panels = next_panels();");
  out.line("#pragma unroll");
  out.block("for (int part = 0; part < 2; part++)", () => {
    inPart();
    pass.forEach((p, i) => {
      out.line(`put_part(${p.name}, ${panelOf(i)}, part, ${numbersOf(p)});`);
    });
  });
  out.line("show_to_engines();");
  out.line("meet_warp();");
  const send = (): void =>
    pass.forEach((p, i) => {
      out.line(`send_slice(${p.name}, ${named(deskMap(p), maps)}, first, top, ${p.lead}, ${panelOf(i)});`);
    });
  if (ragged) {
    out.block("if (top + WARP_ROWS <= end_row)", () => out.block("if (lane_of_warp() == 0)", send));
    out.block("else", () => {
      for (const [i, p] of pass.entries()) printRows(p, panelOf(i), out);
    });
    out.line("if (lane_of_warp() == 0) end_of_boxes();");
  } else
    out.block("if (lane_of_warp() == 0)", () => {
      send();
      out.line("end_of_boxes();");
    });
}

function printRows({ name, stride }: Passing, panel: string, out: Lines): void {
  out.line(
    `write_slice(${name} + (long long)top * ${stride} + first, ${stride}, ${panel}, end_row - top, width - first);`,
  );
}

function printComputed(
  kernel: MatmulKernel,
  { computed, brought }: Finish,
  bindings: Access,
  maps: TensorMapSpec[],
  out: Lines,
): void {
  const { whole, at } = placesOf(kernel);
  const came = new Map(brought.map((p) => [p.param, p]));
  const ofParts: Access = {
    params: bindings.params,
    read: (i, place) =>
      place === whole && came.has(i) ? `${bindings.params[i]!.name}_old[i]` : bindings.read(i, place),
    write: (i, _, value) => `${bindings.params[i]!.name}_new[i] = ${value};`,
  };
  const body = lines(0);
  const tile = (o: number): string => `product${kernel.paired ? o : 0}[part * 16 + i]`;
  printElement(kernel.epilogue, elementSite(cudaSpelling("block"), ofParts, at, tile), () => whole, body);
  const written = computed.filter((p) => p.of === p.name);
  const inPart = (): void => {
    let panel = 0;
    for (const p of brought) {
      out.line(`float ${p.name}_old[16];`);
      out.line(`get_part(${p.name}, came_panels + ${panel} * WARP_PANEL, part, ${p.name}_old);`);
      panel += panelsOf(p);
    }
    for (const p of written) out.line(`float ${p.name}_new[16];`);
    out.line("#pragma unroll");
    out.block("for (int i = 0; i < 16; i++)", () => printBody(body.text(), out));
  };
  if (brought.length > 0) out.line("const unsigned char *const came_panels = operands_of_slice();");
  printPass(computed, (p) => `${p.of}_new`, kernel.group !== undefined, maps, out, inPart);
}

/** What is read by the row, by the column or by both must not lie outside, even where nobody wants the result. */
function printBody(text: string, out: Lines): void {
  if (/\brow\b/.test(text)) out.line("const long long row = smaller(top + row_of(i), end_row - 1);");
  if (/\bcolumn\b/.test(text)) out.line("const int column = smaller(first + part * 32 + column_of(i), width - 1);");
  // tensor cores may wait meanwhile, and what comes out is no more exact than its operands
  const quick = text.replace(/\bsigmoid\(/g, "quick_sigmoid(");
  for (const line of quick.split("\n")) out.line(line.trim());
}

/** Where the copy engine finds what is read behind products, for the place (first, top) of a slice. */
export function printBring(brought: readonly Passing[], maps: TensorMapSpec[]): string {
  const out = lines(4);
  let panel = 0;
  for (const p of brought) {
    const to = panel === 0 ? "panels" : `panels + ${panel} * WARP_PANEL`;
    out.line(
      `bring_slice(${p.name}, ${named(deskMap(p), maps)}, first, top, ${p.lead === "0" ? "0" : "lead"}, ${to}, here);`,
    );
    panel += panelsOf(p);
  }
  return out.text();
}
