/**
 * Products of a few rows, as when text is written: panels would cost more than they help, and blocks of rows leave all but
 * one thread idle. Threads share the columns instead, and weights are read once, as they lie.
 */
import type { MatmulKernel, MatmulOutput, Operand, Term } from "../../5-plan/plan.js";
import { lines } from "../lines.js";
import { fill } from "../templates.js";
import { epilogueText } from "./epilogue.js";
import { longestRow } from "./gathered-rows.js";
import { printStatements } from "./statements.js";
import { type CKernel, header } from "./view.js";

/** More rows are worth the panels. */
const MOST_ROWS = 16;
/** Products that one launch does beside each other: each takes its work from a counter of its own. */
const MOST_OUTPUTS = 16;

/** Whether a product has few rows, and its operands lie so that every number is a product of two rows. */
export function hasFewRows({ m, batch, outputs }: MatmulKernel): boolean {
  const straight = outputs.every(({ terms }) => terms.every(({ a, b }) => a.major === "k" && b.major === "k"));
  return m * batch <= MOST_ROWS && outputs.length <= MOST_OUTPUTS && straight;
}

export function fewRowsToC(kernel: MatmulKernel): CKernel {
  const { m, batch, group, outputs, paired, after } = kernel;
  const epilogue = kernel.epilogue.length > 0 ? epilogueText(kernel, 8, paired, "tile") : undefined;
  const view = {
    ...header(kernel),
    m,
    rows: m * batch,
    group: group && { offsets: kernel.params[group.offsets]!.name, experts: group.experts },
    outputs: paired
      ? [{ ...outputView(kernel, outputs, "VL"), epilogue }]
      : outputs.map((o) => ({ ...outputView(kernel, [o], "NR"), epilogue })),
    after: after.length > 0 ? afterText(kernel) : undefined,
  };
  const gathered = outputs.flatMap(({ terms }) => terms.flatMap(({ a, k }) => (a.gather ? [k] : [])));
  return {
    text: fill("cpu/matmul-few.c", view),
    scratch: 0,
    shared: 0,
    noRow: Math.max(longestRow(after), ...gathered),
  };
}

/** One product, or two whose results stand side by side in a tile. */
function outputView(kernel: MatmulKernel, outputs: readonly MatmulOutput[], step: "NR" | "VL") {
  const places = outputs.map((_, i) => (i === 0 ? "tile" : "tile + VL"));
  return {
    n: outputs[0]!.n,
    step,
    dots: outputs.flatMap((o, at) => o.terms.map((term, i) => dotsOf(kernel, term, i > 0, places[at]!))),
    stores: outputs.flatMap((o, at) => storeOf(kernel, o, places[at]!)),
  };
}

function dotsOf(kernel: MatmulKernel, { a, b, k }: Term, adds: boolean, to: string): string {
  const lead = kernel.group ? "expert" : "row / M";
  const several = kernel.group !== undefined || kernel.batch > 1;
  const own = several && b.batchStride > 0 ? ` + ${lead} * (ptrdiff_t)${b.batchStride}` : "";
  const weights = `${kernel.params[b.param]!.name}${own} + (ptrdiff_t)j * ${b.stride}`;
  return `dot_columns(${rowOf(kernel, a)}, ${weights}, ${b.stride}, ${k}, cols, ${adds ? 1 : 0}, ${to})`;
}

/** Where the row of A starts. */
function rowOf(kernel: MatmulKernel, { param, stride, batchStride, gather }: Operand): string {
  const name = kernel.params[param]!.name;
  if (gather) {
    const index = `${kernel.params[gather.param]!.name}[row]`;
    const at = gather.divide === 1 ? index : `${index} / ${gather.divide}`;
    return `${index} < 0 ? no_row : ${name} + (ptrdiff_t)(${at}) * ${stride}`;
  }
  if (kernel.batch === 1) return `${name} + row * ${stride}`;
  return `${name} + row / M * ${batchStride} + row % M * ${stride}`;
}

function storeOf(kernel: MatmulKernel, { store }: MatmulOutput, from: string): string[] {
  if (store === undefined) return [];
  const at =
    kernel.batch === 1 ? `row * ${store.stride}` : `row / M * ${store.batchStride} + row % M * ${store.stride}`;
  return [`store_tile(${kernel.params[store.param]!.name} + ${at} + j, 0, ${from}, 1, cols)`];
}

function afterText(kernel: MatmulKernel): string {
  const out = lines(4);
  const coordinates = new Map([[kernel.row[0]!.name, "row"]]);
  printStatements(kernel.after, { params: kernel.params, coordinates, chunk: "row" }, out);
  return out.text();
}
