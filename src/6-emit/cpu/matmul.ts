/**
 * Matrix products in C. Rows are cut into blocks that fit the second cache level, weights are packed panel by
 * panel as they are needed; the tile's epilogue is printed into the loop. Block sizes are plain arithmetic
 * here, so that one text serves every machine.
 */
import type { MatmulKernel, MatmulOutput, Operand, OuterKernel, Param, Term } from "../../5-plan/plan.js";
import { lines } from "../lines.js";
import { fill } from "../templates.js";
import { epilogueText, isFar } from "./epilogue.js";
import { fewRowsToC, hasFewRows } from "./few-rows.js";
import { longestRow } from "./gathered-rows.js";
import { printStatements } from "./statements.js";
import { type CKernel, header, roundUp } from "./view.js";

/** A multiple of every tile height (12, 8, 6, 4) and the widest tile. */
const TILE_ROWS = 24;
const TILE_COLS = 32;
/** Floats of a block of A: half a megabyte, a quarter of a common second-level cache. */
const BLOCK_FLOATS = 131_072;
const MOST_ROWS = 528;
/** Floats of the columns of B that are packed at a time: with the block of A they fill half a common L2. */
const GROUP_FLOATS = 131_072;
/** Floats of finished rows kept hot while their row program runs. */
const HOT_FLOATS = 393_216;

interface Index {
  readonly name: string;
  readonly from: string;
  readonly divide: number;
}

export function matmulToC(kernel: MatmulKernel): CKernel {
  if (hasFewRows(kernel)) return fewRowsToC(kernel);
  return kernel.after.length > 0 ? hotRowsToC(kernel) : blockedToC(kernel);
}

const depthOf = (o: MatmulOutput): number => o.terms.reduce((n, t) => n + t.k, 0);

/** An even number of blocks of equal height, so that two threads share them evenly. */
function blockRows(m: number, k: number): number {
  const most = Math.max(TILE_ROWS, Math.min(MOST_ROWS, Math.floor(BLOCK_FLOATS / k)));
  const blocks = Math.max(1, 2 * Math.ceil(m / most / 2));
  return Math.min(roundUp(Math.ceil(m / blocks), TILE_ROWS), roundUp(most, TILE_ROWS));
}

function blockedToC(kernel: MatmulKernel): CKernel {
  const first = kernel.outputs[0]!;
  const depth = depthOf(first);
  const rows = blockRows(kernel.m, depth);
  const batched = kernel.batch > 1;
  const packing = packsOf(first.terms, kernel, rows);
  const aFloats = rows * depth;
  const outputs = kernel.paired ? [pairView(kernel, rows)] : kernel.outputs.map((_, i) => outputView(kernel, i, rows));
  const group = kernel.group && { offsets: kernel.params[kernel.group.offsets]!.name, experts: kernel.group.experts };
  const streams = kernel.params.some((p) => p.far === true);
  const view = {
    ...header(kernel),
    m: kernel.m,
    rows,
    batched,
    batch: kernel.batch,
    aFloats,
    group,
    streams,
    indices: packing.indices,
    packA: packing.packs,
    outputs,
  };
  const bFloats = Math.max(...kernel.outputs.map((o) => depthOf(o) * 2 * groupColumns(depthOf(o), o.n)));
  return { text: fill("cpu/matmul.c", view), scratch: aFloats + bFloats, shared: 0 };
}

/** Columns of B that are packed at a time: whole tiles, no more than there are. */
const groupColumns = (depth: number, n: number): number =>
  Math.min(roundUp(n, TILE_COLS), Math.max(TILE_COLS, Math.floor(GROUP_FLOATS / depth / TILE_COLS) * TILE_COLS));

/** Calls that pack the block's rows of every term, and the row numbers they are read by. */
function packsOf(terms: readonly Term[], kernel: MatmulKernel, rows: number): { packs: string[]; indices: Index[] } {
  const indices: Index[] = [];
  let before = 0;
  const packs = terms.map((t) => {
    const p = kernel.params[t.a.param]!.name;
    const dst = `a_block + ${before === 0 ? "" : `${before * rows} + `}i * ${t.k}`;
    before += t.k;
    const batch = kernel.batch > 1 && t.a.batchStride > 0 ? ` + batch * ${t.a.batchStride}` : "";
    if (t.a.gather)
      return `pack_a_gather(${dst}, ${p}, ${t.a.stride}, ${rowIndex(t.a, kernel, indices)} + i, MIN(MR, rows - i), ${t.k})`;
    if (t.a.major === "k")
      return `pack_a(${dst}, ${p}${batch} + (ptrdiff_t)(first + i) * ${t.a.stride}, ${t.a.stride}, MIN(MR, rows - i), ${t.k})`;
    return `pack_a_cols(${dst}, ${p}${batch} + first + i, ${t.a.stride}, MIN(MR, rows - i), ${t.k})`;
  });
  return { packs, indices };
}

/** The name of the row numbers of a gathered operand; those that need a division get a small table. */
function rowIndex(a: Operand, kernel: MatmulKernel, indices: Index[]): string {
  const g = a.gather!;
  const base = kernel.params[g.param]!.name;
  const at = kernel.batch > 1 ? `batch * M + first` : "first";
  if (g.divide === 1) return `${base} + ${at}`;
  const name = `unit_${base}`;
  if (!indices.some((x) => x.name === name)) indices.push({ name, from: `${base}[${at} + i]`, divide: g.divide });
  return name;
}

function outerBase(kernel: { params: readonly Param[] }, o: Operand, lead: string | undefined): string {
  const p = kernel.params[o.param]!.name;
  return lead && o.batchStride > 0 ? `${p} + ${lead} * (ptrdiff_t)${o.batchStride}` : p;
}

const leadOf = (kernel: MatmulKernel): string | undefined =>
  kernel.group ? "part.expert" : kernel.batch > 1 ? "batch" : undefined;

/** Packs columns j0 .. j1 of B for one term, panel behind panel. */
function packB(kernel: MatmulKernel, b: Operand, dst: string, k: number): string {
  const base = outerBase(kernel, b, leadOf(kernel));
  if (b.major === "other") return `pack_b(${dst}, ${base} + j0, ${b.stride}, ${k}, j1 - j0)`;
  const rows = `${base} + (ptrdiff_t)j * ${b.stride}`;
  return `for (int j = j0; j < j1; j += NR) pack_b_cols(${dst} + (j - j0) * ${k}, ${rows}, ${b.stride}, ${k}, MIN(NR, j1 - j))`;
}

function tileCalls(terms: readonly Term[], aRows: number, panel: (before: number, t: Term) => string): string[] {
  let before = 0;
  return terms.map((t, i) => {
    const a = `a_block + ${before === 0 ? "" : `${before * aRows} + `}i * ${t.k}`;
    const call = `${i === 0 ? "tile_zero_any" : "tile_add_any"}(height, ${t.k}, ${a}, ${panel(before, t)}, tile)`;
    before += t.k;
    return call;
  });
}

function outTarget(kernel: MatmulKernel, o: MatmulOutput): string | undefined {
  if (!o.store) return undefined;
  const p = kernel.params[o.store.param]!.name;
  const batch = kernel.batch > 1 ? `batch * ${o.store.batchStride} + ` : "";
  return `${p} + ${batch}(ptrdiff_t)(first + i) * ${o.store.stride} + j`;
}

/** Where the panel of column j lies among those packed together; terms of a sum lie behind each other. */
const panelAt = (before: number, k: number, group: number, lanes: 1 | 2): string =>
  `b_panel + ${before === 0 ? "" : `${before * group} + `}(j - j0) * ${k * lanes}`;

function outputView(kernel: MatmulKernel, index: number, rows: number): object {
  const o = kernel.outputs[index]!;
  const group = groupColumns(depthOf(o), o.n);
  let before = 0;
  const packs = o.terms.map((t) => {
    const call = packB(kernel, t.b, before === 0 ? "b_panel" : `b_panel + ${before * group}`, t.k);
    before += t.k;
    return call;
  });
  const target = outTarget(kernel, o);
  const epilogue = kernel.epilogue.length > 0 ? epilogueText(kernel, 14, false) : undefined;
  const tiles = tileCalls(o.terms, rows, (at, t) => panelAt(at, t.k, group, 1));
  const far = o.store && isFar(kernel, o.store.param, o.store.stride, o.n);
  const direct = target && !epilogue && o.terms.length === 1 && !far ? target : undefined;
  const firstTile = `${o.terms[0]!.k}, a_block + i * ${o.terms[0]!.k}, ${panelAt(0, o.terms[0]!.k, group, 1)}`;
  const store = `${far ? "stream_tile" : "store_tile"}(${direct ? "to" : target}, ${o.store?.stride}, tile, height, cols)`;
  return {
    n: o.n,
    group,
    step: "NR",
    fetches: fetchesOf(kernel),
    packB: packs,
    direct,
    firstTile,
    stride: o.store?.stride,
    tiles,
    stores: target ? [store] : [],
    epilogue,
  };
}

/** Two outputs side by side: lanes 0..VL-1 of a tile row are the first, the rest the second. */
function pairView(kernel: MatmulKernel, rows: number): object {
  const [x, y] = kernel.outputs as [MatmulOutput, MatmulOutput];
  const { k } = x.terms[0]!;
  const group = groupColumns(k, x.n);
  const panel = panelAt(0, k, group, 2);
  const half = (o: MatmulOutput, shift: string) => {
    const { b } = o.terms[0]!;
    const base = outerBase(kernel, b, leadOf(kernel));
    const each = "for (int j = j0; j < j1; j += VL)";
    if (b.major === "k")
      return `${each} pack_b_half_cols(${panel}${shift}, ${base} + (ptrdiff_t)j * ${b.stride}, ${b.stride}, ${k}, MIN(VL, j1 - j))`;
    return `${each} pack_b_half(${panel}${shift}, ${base} + j, ${b.stride}, ${k}, MIN(VL, j1 - j))`;
  };
  const store = (o: MatmulOutput, shift: string) => {
    const to = outTarget(kernel, o);
    if (!to) return [];
    const value = `vf_load(tile + r * NR${shift})`;
    const at = `${to} + r * ${o.store!.stride}`;
    const call = isFar(kernel, o.store!.param, o.store!.stride, o.n)
      ? `vf_stream(${at}, ${value})`
      : `vf_store_n(${at}, ${value}, cols)`;
    return [`for (int r = 0; r < height; r++) ${call}`];
  };
  return {
    n: x.n,
    group,
    step: "VL",
    fetches: fetchesOf(kernel),
    packB: [half(x, ""), half(y, " + VL")],
    tiles: tileCalls(x.terms, rows, () => panel),
    stores: [...store(x, ""), ...store(y, " + VL")],
    epilogue: epilogueText(kernel, 14, true),
  };
}

/** Matrices that the epilogue reads: asked for while the tile is computed. */
function fetchesOf(kernel: MatmulKernel): string[] {
  const width = kernel.outputs[0]!.n;
  const axes = kernel.row.length + kernel.column.length;
  const row = `(${kernel.batch > 1 ? "batch * M + " : ""}first + i + r)`;
  const products = new Set(kernel.outputs.flatMap((o) => (o.store ? [o.store.param] : [])));
  return kernel.params.flatMap((p, i) => {
    const read = p.access !== "write" && p.dtype === "f32" && !products.has(i) && p.dims.length === axes;
    const mine =
      read &&
      kernel.epilogue.length > 0 &&
      p.dims.every((d, at) => d.name === [...kernel.row, ...kernel.column][at]!.name);
    return mine ? [`${p.name} + (ptrdiff_t)${row} * ${width} + j`] : [];
  });
}

/** The form whose rows are processed while they are hot: weights packed once, few rows at a time. */
function hotRowsToC(kernel: MatmulKernel): CKernel {
  const o = kernel.outputs[0]!;
  const depth = depthOf(o);
  const rows = Math.max(TILE_ROWS, Math.min(96, Math.floor(HOT_FLOATS / Math.max(o.n, depth) / TILE_ROWS) * TILE_ROWS));
  const wide = roundUp(o.n, TILE_COLS);
  const packing = packsOf(o.terms, kernel, rows);
  let before = 0;
  const packB_ = o.terms.map((t) => {
    const call = packB(kernel, t.b, `w->shared + ${before * wide} + (ptrdiff_t)j0 * ${t.k}`, t.k);
    before += t.k;
    return call;
  });
  const target = outTarget(kernel, o);
  const after = lines(6);
  printStatements(
    kernel.after,
    { params: kernel.params, coordinates: new Map([[kernel.row[0]!.name, "row"]]), chunk: "item" },
    after,
  );
  const view = {
    ...header(kernel),
    m: kernel.m,
    n: o.n,
    rows,
    indices: packing.indices,
    packA: packing.packs,
    packB: packB_,
    tiles: tileCalls(o.terms, rows, (b, t) => `w->shared + ${b * wide} + (ptrdiff_t)j * ${t.k}`),
    stores: target ? [`store_tile(${target}, ${o.store!.stride}, tile, height, cols)`] : [],
    epilogue: kernel.epilogue.length > 0 ? epilogueText(kernel, 12, false) : undefined,
    after: after.text(),
  };
  return {
    text: fill("cpu/matmul-rows.c", view),
    scratch: rows * depth,
    shared: wide * depth,
    noRow: longestRow(kernel.after),
  };
}

/** Rows of a gradient whose panels of A are packed together: whole lines are read, and they stay in the second cache. */
const OUTER_ROWS = 144;
/** Floats of B that a piece of a gradient's depth packs. */
const OUTER_FLOATS = 262_144;

export function outerToC(kernel: OuterKernel): CKernel {
  const depth = Math.max(64, Math.min(263, Math.floor(OUTER_FLOATS / kernel.n))) | 1;
  const offsets = kernel.group && kernel.params[kernel.group.offsets]!.name;
  const indices: Index[] = [];
  const products = [{ a: kernel.a, store: kernel.store }, ...kernel.beside];
  const view = {
    ...header(kernel),
    m: kernel.m,
    n: kernel.n,
    depth,
    block: OUTER_ROWS,
    products: products.length,
    batches: kernel.group?.experts ?? kernel.batch,
    lead: outerLead(kernel),
    begin: offsets ? `${offsets}[expert]` : "0",
    end: offsets ? `${offsets}[expert + 1]` : String(kernel.k),
    far: isFar(kernel, kernel.store.param, kernel.store.stride, kernel.n),
    sources: products.map(({ a }) => outerPlace(kernel, a)).join(", "),
    results: products.map(({ store }) => outerPlace(kernel, store)).join(", "),
    outStride: kernel.store.stride,
    packA: packOuterA(kernel, indices),
    packB: packOuterB(kernel, indices),
    indices,
  };
  return { text: fill("cpu/outer.c", view), scratch: depth * (roundUp(kernel.n, TILE_COLS) + OUTER_ROWS), shared: 0 };
}

/** What tells several gradients of one kernel apart. */
const outerLead = (kernel: OuterKernel): string | undefined =>
  kernel.group ? "expert" : kernel.batch > 1 ? "batch" : undefined;

/** Where an operand or a result of this expert or batch begins. */
function outerPlace(kernel: OuterKernel, at: { readonly param: number; readonly batchStride: number }): string {
  const [p, lead] = [kernel.params[at.param]!.name, outerLead(kernel)];
  return lead && at.batchStride > 0 ? `${p} + ${lead} * ${at.batchStride}` : p;
}

/** Packs `depth` steps of a block of rows of A. */
function packOuterA(kernel: OuterKernel, indices: Index[]): string {
  const { a } = kernel;
  if (a.major === "k")
    return `for (int i = 0; i < high; i += MR) pack_a(a_block + i * depth, from[p] + (ptrdiff_t)(block + i) * ${a.stride} + k, ${a.stride}, MIN(MR, high - i), depth)`;
  if (!a.gather) return `pack_a_cols(a_block, from[p] + (ptrdiff_t)k * ${a.stride} + block, ${a.stride}, high, depth)`;
  return `pack_a_cols_gather(a_block, from[p] + block, ${a.stride}, ${outerIndex(kernel, a, indices)}, high, depth)`;
}

/** Packs `depth` steps of all columns of B. */
function packOuterB(kernel: OuterKernel, indices: Index[]): string {
  const { b } = kernel;
  const base = outerPlace(kernel, b);
  if (b.major === "k")
    return `for (int j = 0; j < N; j += NR) pack_b_cols(b_panels + j * depth, ${base} + (ptrdiff_t)j * ${b.stride} + k, ${b.stride}, depth, MIN(NR, N - j))`;
  if (!b.gather) return `pack_b(b_panels, ${base} + (ptrdiff_t)k * ${b.stride}, ${b.stride}, depth, N)`;
  return `pack_b_gather(b_panels, ${base}, ${b.stride}, ${outerIndex(kernel, b, indices)}, depth, N)`;
}

function outerIndex(kernel: OuterKernel, o: Operand, indices: Index[]): string {
  const g = o.gather!;
  const base = kernel.params[g.param]!.name;
  const from = kernel.batch > 1 ? `batch * ${kernel.k} + k` : "k";
  if (g.divide === 1) return `${base} + ${from}`;
  const name = `unit_${base}`;
  if (!indices.some((x) => x.name === name)) indices.push({ name, from: `${base}[${from} + i]`, divide: g.divide });
  return name;
}
