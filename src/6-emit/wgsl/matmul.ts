/**
 * Matrix products in WGSL. A workgroup makes one tile of the result: it brings panels of both operands into
 * workgroup memory, and each lane keeps a block of sums in registers, spelled out one by one. How an
 * operand is found (gathered rows, an expert's weight, several terms) is in the load functions, so that the
 * loop is the same for all.
 */
import type { Dim, MatmulKernel, Operand, OuterKernel } from "../../5-plan/plan.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import { printElement } from "../gpu/element.js";
import { elementSite } from "../gpu/site.js";
import { blocks, product } from "../gpu/sizes.js";
import { lines } from "../lines.js";
import { type Bindings, bindParams } from "./bindings.js";
import { namedParams } from "./names.js";
import { GROUP_ROWS } from "./shape.js";
import { wgslSpelling } from "./spelling.js";
import { assemble, type Context, type WgslText } from "./view.js";

/** Rows and columns of a workgroup's tile, steps of the inner axis it brings at once, block of a lane. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly laneRows: number;
  readonly laneColumns: number;
}

const DEPTH = 16;

/** Narrow results get narrow tiles; two products at once get half the rows a lane. */
function tileFor(rows: number, columns: number, products: number, grouped: boolean, { tiles }: WgslProfile): Tile {
  const tall = grouped || rows > 32 ? GROUP_ROWS : 32;
  const small = tiles === "small";
  const wide = columns > 32 && !small ? 64 : columns > 16 ? 32 : 16;
  return {
    rows: tall,
    columns: wide,
    depth: DEPTH,
    laneRows: products === 2 || tall === 32 || small ? 4 : 8,
    laneColumns: wide === 64 ? 8 : 4,
  };
}

export function matmulToWgsl(given: MatmulKernel, context: Context): WgslText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = bindParams(kernel.params, context.choice);
  const products = kernel.paired ? 2 : 1;
  const widths = kernel.outputs.map((o) => o.n);
  const tile = tileFor(kernel.m, Math.max(...widths), products, kernel.group !== undefined, context.profile);
  const first = kernel.outputs[0]!;
  const steps = first.terms.map((t) => blocks(t.k, tile.depth));
  const columnTiles = kernel.paired ? [blocks(first.n, tile.columns)] : widths.map((n) => blocks(n, tile.columns));
  const rowTiles = kernel.group ? product(kernel.params.at(-1)!.dims.slice(0, 1)) : blocks(kernel.m, tile.rows);
  const view = {
    ...tileView(tile, products),
    declarations: bindings.declarations,
    m: kernel.m,
    steps: steps.reduce((a, b) => a + b, 0),
    // with several results, which one a tile of columns belongs to
    outputs: products === 1 && kernel.outputs.length > 1 ? outputStarts(columnTiles, widths) : undefined,
    width: first.n,
    tiles: kernel.group ? bindings.params.length - 1 : undefined,
    tilesExpert: kernel.group && bindings.read(bindings.params.length - 1, "group.y * 3u"),
    tilesFirst: kernel.group && bindings.read(bindings.params.length - 1, "group.y * 3u + 1u"),
    tilesEnd: kernel.group && bindings.read(bindings.params.length - 1, "group.y * 3u + 2u"),
    batched: kernel.batch > 1,
    gathers: gathersOf(kernel, bindings),
    loadA: loadA(kernel, bindings, tile.depth),
    loadB: kernel.paired
      ? kernel.outputs.map((_, i) => loadB(kernel, bindings, tile.depth, [i]))
      : [
          loadB(
            kernel,
            bindings,
            tile.depth,
            kernel.outputs.map((_, i) => i),
          ),
        ],
    finish: finishText(kernel, bindings),
    byRowsA: first.terms[0]!.a.major === "other",
    byColumnsB: first.terms[0]!.b.major === "other",
  };
  const workgroups = [columnTiles.reduce((a, b) => a + b, 0), rowTiles, kernel.batch] as const;
  return {
    code: assemble(kernel, "matmul.wgsl", view, context.from),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}

/** Text that depends on the tile's shape alone: the sums of a lane, one by one. */
function tileView(tile: Tile, products: number): object {
  const lanesAcross = tile.columns / tile.laneColumns;
  const lanes = lanesAcross * (tile.rows / tile.laneRows);
  const quads = tile.laneColumns / 4;
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const sum = (p: number, r: number, q: number): string => `sum${products > 1 ? "ab"[p] : ""}_${r}_${q * 4}`;
  const rows = range(tile.laneRows).map((r) => ({
    r,
    a: `a${Math.floor(r / 4)}.${"xyzw"[r % 4]}`,
    sums: range(products).flatMap((p) =>
      range(quads).map((q) => ({ name: sum(p, r, q), b: `b${products > 1 ? "ab"[p] : ""}${q}`, column: q * 4 })),
    ),
  }));
  return {
    ...tile,
    lanes,
    lanesAcross,
    rowQuads: tile.rows / 4,
    columnQuads: tile.columns / 4,
    aLoads: range(tile.laneRows / 4),
    bLoads: range(products).flatMap((p) =>
      range(quads).map((q) => ({ name: `b${products > 1 ? "ab"[p] : ""}${q}`, tile: panelName(p, products), q })),
    ),
    panels: range(products).map((p) => ({
      name: panelName(p, products),
      load: products > 1 ? `load_b${p}` : "load_b",
    })),
    sums: rows.flatMap((r) => r.sums.map((s) => s.name)),
    rowsOfLane: rows,
    products: range(products).map((p) => ({
      all: `quads${p}`,
      sums: range(tile.laneRows)
        .flatMap((r) => range(quads).map((q) => sum(p, r, q)))
        .join(", "),
    })),
    quadCount: tile.laneRows * quads,
    quadsAcross: quads,
    quadValues: range(products)
      .map((p) => `quads${p}[i]`)
      .join(", "),
    values: range(products)
      .map((p) => `value${p}: vec4<f32>`)
      .join(", "),
    elements: range(products)
      .map((p) => `value${p}[i]`)
      .join(", "),
    scalars: range(products)
      .map((p) => `product${p}: f32`)
      .join(", "),
  };
}

const panelName = (p: number, products: number): string => `b_panel${products > 1 ? p : ""}`;

function outputStarts(columnTiles: readonly number[], widths: readonly number[]): object[] {
  let start = 0;
  return columnTiles.map((n, i) => {
    const view = { index: i, start, width: widths[i], last: i + 1 === columnTiles.length, end: start + n };
    start += n;
    return view;
  });
}

/** Row numbers that A's rows are read by, looked up once for the tile. */
function gathersOf(kernel: MatmulKernel, bindings: Bindings): { name: string; from: string; row: string }[] {
  const gathers = kernel.outputs[0]!.terms.flatMap((t) => (t.a.gather ? [t.a.gather] : []));
  const unique = gathers.filter((g, i) => gathers.findIndex((x) => x.param === g.param && x.divide === g.divide) === i);
  const line = kernel.batch > 1 ? `batch * ${kernel.m}u + row` : "row";
  return unique.map((g) => ({
    name: gatherName(g, bindings),
    from: bindings.read(g.param, line),
    row: g.divide === 1 ? "found" : `select(-1, found / ${g.divide}, found >= 0)`,
  }));
}

const gatherName = (g: NonNullable<Operand["gather"]>, bindings: Bindings): string =>
  `rows_by_${bindings.params[g.param]!.name}`;

/** The number of A at a row and a step of the inner axis; 0 outside. */
function loadA(kernel: MatmulKernel, bindings: Bindings, depth: number): string {
  const out = lines(2);
  inTerms(kernel.outputs[0]!.terms, depth, out, (t, k) => {
    const lead = kernel.batch > 1 && t.a.batchStride > 0 ? `batch * ${t.a.batchStride}u + ` : "";
    if (t.a.gather) {
      const place = (row: string) =>
        t.a.major === "k" ? `${row} * ${t.a.stride}u + ${k}` : `${k} * ${t.a.stride}u + ${row}`;
      out.line(`let source = ${gatherName(t.a.gather, bindings)}[row - first_row];`);
      out.line(`if (source < 0 || ${k} >= ${t.k}u) { return 0.0; }`);
      out.line(`return ${bindings.read(t.a.param, `${lead}${place("u32(source)")}`)};`);
      return;
    }
    out.line(`if (row >= end_row || ${k} >= ${t.k}u) { return 0.0; }`);
    out.line(
      `return ${bindings.read(t.a.param, `${lead}${t.a.major === "k" ? `row * ${t.a.stride}u + ${k}` : `${k} * ${t.a.stride}u + row`}`)};`,
    );
  });
  return out.text();
}

/** The number of B at a column of one of `outputs`, for the tile's expert or batch; 0 outside. */
function loadB(kernel: MatmulKernel, bindings: Bindings, depth: number, outputs: readonly number[]): string {
  const out = lines(2);
  const lead = kernel.group ? "expert" : "batch";
  const one = (index: number): void => {
    const o = kernel.outputs[index]!;
    inTerms(o.terms, depth, out, (t, k) => {
      const from = t.b.batchStride > 0 && (kernel.group || kernel.batch > 1) ? `${lead} * ${t.b.batchStride}u + ` : "";
      out.line(`if (column >= ${o.n}u || ${k} >= ${t.k}u) { return 0.0; }`);
      out.line(
        `return ${bindings.read(t.b.param, `${from}${t.b.major === "k" ? `column * ${t.b.stride}u + ${k}` : `${k} * ${t.b.stride}u + column`}`)};`,
      );
    });
  };
  outputs.forEach((index, i) => {
    if (i + 1 < outputs.length) out.block(`if (output == ${index}u)`, () => one(index));
    else one(index);
  });
  return out.text();
}

/** Terms follow each other along the inner axis, each padded to whole steps. */
function inTerms<T extends { readonly k: number }>(
  terms: readonly T[],
  depth: number,
  out: ReturnType<typeof lines>,
  inner: (t: T, k: string) => void,
): void {
  let start = 0;
  terms.forEach((t, i) => {
    const end = start + blocks(t.k, depth) * depth;
    const k = start === 0 ? "k" : `(k - ${start}u)`;
    if (i + 1 < terms.length) out.block(`if (k < ${end}u)`, () => inner(t, k));
    else inner(t, k);
    start = end;
  });
}

/** What happens to one element of the result: stored as it is, and whatever was fused behind the product. */
function finishText(kernel: MatmulKernel, bindings: Bindings): string {
  const out = lines(2);
  const batched = kernel.batch > 1;
  const store = (index: number): void => {
    const o = kernel.outputs[index]!;
    if (!o.store) return;
    const at = `${batched && o.store.batchStride > 0 ? `batch * ${o.store.batchStride}u + ` : ""}row * ${o.store.stride}u + column`;
    out.line(bindings.write(o.store.param, at, `product${kernel.paired ? index : 0}`));
  };
  const alone = kernel.paired || kernel.outputs.length === 1;
  for (const i of kernel.outputs.keys()) {
    if (alone) store(i);
    else out.block(`if (output == ${i}u)`, () => store(i));
  }
  if (kernel.epilogue.length === 0) return out.text();
  const width = kernel.outputs[0]!.n;
  const line = batched ? `(batch * ${kernel.m}u + row)` : "row";
  const same = (a: readonly Dim[], b: readonly Dim[]) =>
    a.length === b.length && a.every((x, i) => x.name === b[i]!.name);
  const whole = `${line} * ${width}u + column`;
  const at = (dims: readonly Dim[]): string => {
    if (dims.length === 0) return "0u";
    if (same(dims, kernel.column)) return "column";
    return same(dims, kernel.row) ? "row" : whole;
  };
  const tile = (o: number): string => `product${kernel.paired ? o : 0}`;
  printElement(kernel.epilogue, elementSite(wgslSpelling, bindings, at, tile), () => whole, out);
  return out.text();
}

/** Weight gradients: the inner axis is the rows, of one expert each where there are experts. */
export function outerToWgsl(given: OuterKernel, context: Context): WgslText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const bindings = bindParams(kernel.params, context.choice);
  const tile = tileFor(kernel.m, kernel.n, 1, false, context.profile);
  const offsets = kernel.group?.offsets;
  const lead = kernel.group ? "expert" : "batch";
  const many = (kernel.group?.experts ?? kernel.batch) > 1 || kernel.group !== undefined;
  const load = (o: Operand, place: string, count: number): string => {
    const out = lines(2);
    const from = many && o.batchStride > 0 ? `${lead} * ${o.batchStride}u + ` : "";
    out.line(`if (${place} >= ${count}u || k >= end_k) { return 0.0; }`);
    if (o.gather) {
      const line = kernel.batch > 1 ? `batch * ${kernel.k}u + k` : "k";
      out.line(`let source = ${bindings.read(o.gather.param, line)};`);
      out.line("if (source < 0) { return 0.0; }");
    }
    const k = o.gather ? `(u32(source)${o.gather.divide === 1 ? "" : ` / ${o.gather.divide}u`})` : "k";
    out.line(
      `return ${bindings.read(o.param, `${from}${o.major === "k" ? `${place} * ${o.stride}u + ${k}` : `${k} * ${o.stride}u + ${place}`}`)};`,
    );
    return out.text();
  };
  const store = `${many && kernel.store.batchStride > 0 ? `${lead} * ${kernel.store.batchStride}u + ` : ""}row * ${kernel.store.stride}u + column`;
  const view = {
    ...tileView(tile, 1),
    declarations: bindings.declarations,
    m: kernel.m,
    n: kernel.n,
    lead,
    begin: offsets === undefined ? "0u" : `u32(${bindings.read(offsets, "expert")})`,
    end: offsets === undefined ? `${kernel.k}u` : `u32(${bindings.read(offsets, "expert + 1u")})`,
    grouped: kernel.group !== undefined,
    loadA: load(kernel.a, "row", kernel.m),
    loadB: load(kernel.b, "column", kernel.n),
    store: bindings.write(kernel.store.param, store, "product0"),
    byRowsA: kernel.a.major === "other",
    byColumnsB: kernel.b.major === "other",
  };
  const workgroups = [
    blocks(kernel.n, tile.columns),
    blocks(kernel.m, tile.rows),
    kernel.group?.experts ?? kernel.batch,
  ] as const;
  return {
    code: assemble(kernel, "outer.wgsl", view, context.from),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}
