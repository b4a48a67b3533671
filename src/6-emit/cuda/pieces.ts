/**
 * Weight gradients of small matrices have few tiles and a long inner axis, all rows: most of a GPU would stand idle. The
 * axis is cut into pieces, each sums what it has into memory of its own, and a second launch adds the pieces up in their
 * order: the same bits every time.
 */
import type { Kernel, OuterKernel, Param } from "../../5-plan/plan.js";
import { blocks } from "../gpu/sizes.js";
import type { Access } from "../gpu/spelling.js";
import { fill } from "../templates.js";
import { type Context, type CudaText, signatureOf } from "./view.js";

/** Tiles that keep a large GPU busy, and the fewest rows that a piece is worth its memory for. */
const ENOUGH = 256;
const ROWS = 512;
const MOST = 32;

/** In how many pieces the inner axis is cut: 1 where there are tiles enough, or rows too few. */
function piecesOf({ m, n, k, batch, group }: OuterKernel, tile: number): number {
  const matrices = group?.experts ?? batch;
  const tiles = blocks(m, tile) * blocks(n, tile) * matrices;
  const rows = k / (group?.experts ?? 1);
  return Math.max(1, Math.min(MOST, Math.floor(rows / ROWS), Math.floor(ENOUGH / tiles)));
}

/** Memory for what the pieces sum, where there are several; `tile`: rows and columns of a tile. */
export function piecesParams(kernel: OuterKernel, tile: number): Param[] {
  const { m, n, batch, group } = kernel;
  const pieces = piecesOf(kernel, tile);
  const sizes = { piece: pieces, matrix: group?.experts ?? batch, row: m, column: n };
  const dims = Object.entries(sizes).map(([name, size]) => ({ name, size }));
  return pieces === 1 ? [] : [{ name: "pieces", dtype: "f32", access: "update", dims }];
}

/** The parameter and the number of pieces of a kernel that was given memory for them. */
export function cutOf({
  params,
}: Pick<Kernel, "params">): { readonly param: number; readonly pieces: number } | undefined {
  const param = params.findIndex((p) => p.name === "pieces" && p.dims[0]?.name === "piece");
  return param < 0 ? undefined : { param, pieces: params[param]!.dims[0]!.size };
}

/** What the text of a weight gradient says of its run of the inner axis, and where a block puts its sums. */
export interface Run {
  readonly view: { readonly lead: string; readonly begin: string; readonly end: string; readonly pieces?: number };
  /** the statement that stores `value` */
  readonly store: string;
  /** pieces, for the third axis of the grid */
  readonly pieces: number;
  /** the launch that adds the pieces up, if there are several */
  readonly after: CudaText | undefined;
}

/** `given`: the kernel as it was lowered; `kernel`: with its parameters' names in the text. */
export function runOf(given: OuterKernel, kernel: OuterKernel, bindings: Access, context: Context, value: string): Run {
  const { group, batch, m, n, store } = kernel;
  const lead = group ? "expert" : "batch";
  const many = batch > 1 || group !== undefined;
  const begin = group ? bindings.read(group.offsets, "expert") : "0";
  const end = group ? bindings.read(group.offsets, "expert + 1") : String(kernel.k);
  const first = many && store.batchStride > 0 ? `(long long)${lead} * ${store.batchStride} + ` : "";
  const write = (number: string): string =>
    bindings.write(store.param, `${first}row * ${store.stride} + column`, number);
  const cut = cutOf(given);
  if (!cut) return { view: { lead, begin, end }, store: write(value), pieces: 1, after: undefined };
  const { pieces } = cut;
  const count = (group?.experts ?? batch) * m * n;
  const piecesName = kernel.params[cut.param]!.name;
  const place = `((long long)piece * ${count / (m * n)} + ${lead}) * ${m * n} + row * ${n} + column`;
  const view = { m, n, lead, count, pieces, piecesName, size: m * n, store: write("sum") };
  const text = fill("cuda/outer-add.cu", {
    ...view,
    name: kernel.name,
    signature: signatureOf(kernel.params, context.halves),
  });
  return {
    view: { lead, begin, end, pieces },
    store: `${piecesName}[${place}] = ${value};`,
    pieces,
    after: {
      text: text.trimEnd(),
      passes: [{ entry: `${kernel.name}_add`, grid: [blocks(count, 256), 1, 1], threads: 256, shared: 0 }],
    },
  };
}

/** A kernel with the launch behind it. */
export const withAfter = (text: CudaText, { after }: Run): CudaText =>
  after ? { ...text, text: `${text.text}\n\n${after.text}`, passes: [...text.passes, ...after.passes] } : text;
