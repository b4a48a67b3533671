/**
 * Matrix products in WGSL. A workgroup makes one tile of the result, and each of its lanes keeps a block of sums in
 * registers, spelled out one by one. Operands pass through workgroup memory, or every lane reads its own
 * (`matmul-tiles.ts`); where an adapter multiplies small matrices as a whole, those are used (`matrices.ts`). How an operand is found (gathered rows, an expert's weight, several terms) is in the load
 * functions, so that the loop is the same for all.
 */
import type { Dim, MatmulKernel, Operand, Term } from "../../5-plan/plan.js";
import { printElement } from "../gpu/element.js";
import { isRouter } from "../gpu/precision.js";
import { elementSite } from "../gpu/site.js";
import { blocks } from "../gpu/sizes.js";
import { lines } from "../lines.js";
import { sourcesOf } from "../sources.js";
import { type BindingChoice, type Bindings, bindParams } from "./bindings.js";
import { type BlockRead, quadParams, readBlock } from "./blocks.js";
import { blockName, loadFunction, multiply, sumsView } from "./lane-sums.js";
import { type Tile, tileFor } from "./matmul-tiles.js";
import { matricesFor, matrixView } from "./matrices.js";
import { namedParams } from "./names.js";
import { wgslSpelling } from "./spelling.js";
import { assemble, type Context, type WgslText } from "./view.js";

/** What reading operands needs to know. */
interface Reading {
  readonly kernel: MatmulKernel;
  readonly bindings: Bindings;
  readonly quads: ReadonlySet<number>;
  readonly tile: Tile;
  readonly panels: boolean;
}

export function matmulToWgsl(given: MatmulKernel, context: Context): WgslText {
  const kernel = { ...given, params: namedParams(given.params, []) };
  const operands = kernel.outputs.flatMap((o) => o.terms.flatMap((t) => [t.a, t.b]));
  const quads = quadParams(kernel.params, operands, otherParams(kernel), context.choice);
  const bindings = bindParams(kernel.params, inQuads(context.choice, quads));
  const products = kernel.paired ? 2 : 1;
  const widths = kernel.outputs.map((o) => o.n);
  const { paired, group } = kernel;
  const panels = context.profile.tiles === "panels";
  const halves = operands.every((o) => context.choice.halves?.has(o.param));
  const exact = !panels || isRouter(kernel);
  const matrices = exact ? undefined : matricesFor(context.profile, halves ? "f16" : "f32", products);
  const cut = { rows: kernel.m, columns: Math.max(...widths), paired, grouped: !!group };
  const tile = matrices?.tile ?? tileFor(cut, context.profile);
  const first = kernel.outputs[0]!;
  const columnTiles = paired ? [blocks(first.n, tile.columns)] : widths.map((n) => blocks(n, tile.columns));
  const tiles = given.params.findIndex((p) => p.name === "tiles");
  const rowTiles = group ? kernel.params[tiles]!.dims[0]!.size : blocks(kernel.m, tile.rows);
  const reading = { kernel, bindings, quads, tile, panels };
  const table = (part: number): string => bindings.read(tiles, `group.y * 3u + ${part}u`);
  const view = {
    ...(matrices ? matrixView(matrices, products) : sumsView(tile, products)),
    declarations: bindings.declarations,
    m: kernel.m,
    // with several results, which one a tile of columns belongs to
    outputs: products === 1 && kernel.outputs.length > 1 ? outputStarts(columnTiles, widths) : undefined,
    width: first.n,
    tiles: group && [0, 1, 2].map(table),
    batched: kernel.batch > 1,
    finish: finishText(kernel, bindings),
    ...(panels ? panelView(reading) : { loops: laneLoops(reading) }),
  };
  const template = matrices ? "matmul-matrix.wgsl" : panels ? "matmul.wgsl" : "matmul-lanes.wgsl";
  const workgroups = [columnTiles.reduce((a, b) => a + b, 0), rowTiles, kernel.batch] as const;
  return {
    code: assemble(kernel, template, view, context),
    passes: [{ entry: "main", workgroups, bindings: bindings.of() }],
  };
}

export const inQuads = (choice: BindingChoice, quads: ReadonlySet<number>): BindingChoice => ({ ...choice, quads });

/** Parameters that are read or written one number at a time. */
function otherParams({ outputs, epilogue, group, params }: MatmulKernel): Set<number> {
  const read = epilogue.flatMap(sourcesOf).flatMap((from) => (from.in === "param" ? [from.param] : []));
  const written = epilogue.flatMap((s) => (s.kind !== "accumulate" && s.to.param !== undefined ? [s.to.param] : []));
  const stored = outputs.flatMap((o) => (o.store ? [o.store.param] : []));
  const gathers = outputs.flatMap((o) => o.terms.flatMap((t) => (t.a.gather ? [t.a.gather.param] : [])));
  const tables = group ? [group.offsets, params.length - 1] : [];
  return new Set([...read, ...written, ...stored, ...gathers, ...tables]);
}

/** Operands that pass through workgroup memory: functions that find four places by four steps of each. */
function panelView(reading: Reading): object {
  const { kernel, bindings, tile } = reading;
  const first = kernel.outputs[0]!;
  const all = [...kernel.outputs.keys()];
  return {
    steps: first.terms.reduce((n, t) => n + blocks(t.k, tile.depth), 0),
    gathers: gathersOf(kernel, bindings),
    loadA: loadA(reading),
    loadB: (kernel.paired ? all.map((i) => [i]) : [all]).map((outputs) => loadB(reading, outputs)),
    byRowsA: first.terms[0]!.a.major === "other",
    byColumnsB: first.terms[0]!.b.major === "other",
  };
}

function outputStarts(columnTiles: readonly number[], widths: readonly number[]): object[] {
  let start = 0;
  return columnTiles.map((n, i) => {
    const view = { index: i, start, width: widths[i] };
    start += n;
    return view;
  });
}

type Gather = NonNullable<Operand["gather"]>;

/** Row behind an index, -1 for none. */
export const lookedUp = (index: string, divide: number): string =>
  divide === 1 ? index : `(${index} + ${divide}) / ${divide} - 1`;

const lineOf = (kernel: MatmulKernel, row: string): string =>
  kernel.batch > 1 ? `batch * ${kernel.m}u + ${row}` : row;

/** Row numbers that A's rows are read by, looked up once for the tile. */
function gathersOf(kernel: MatmulKernel, bindings: Bindings): { name: string; from: string; row: string }[] {
  const gathers = kernel.outputs[0]!.terms.flatMap((t) => (t.a.gather ? [t.a.gather] : []));
  const unique = gathers.filter((g, i) => gathers.findIndex((x) => x.param === g.param && x.divide === g.divide) === i);
  return unique.map((g) => ({
    name: gatherName(g, bindings),
    from: bindings.read(g.param, lineOf(kernel, "row")),
    row: lookedUp("found", g.divide),
  }));
}

const gatherName = (g: Gather, bindings: Bindings): string => `rows_by_${bindings.params[g.param]!.name}`;

/** A's rows of one term. Those that are looked up come from the tile's table, where there is one. */
function readA({ kernel, bindings, tile, panels }: Reading, t: Term, k: string, places: number): BlockRead {
  const { gather } = t.a;
  const source = (g: Gather) => (row: string) =>
    panels
      ? `${gatherName(g, bindings)}[${row} - first_row]`
      : lookedUp(bindings.read(g.param, lineOf(kernel, row)), g.divide);
  return {
    operand: t.a,
    name: "a",
    place: "row",
    places,
    placeEnd: "end_row",
    // an expert's rows begin anywhere
    wholePlaces: kernel.m % 4 === 0 && !kernel.group,
    k,
    kEnd: `${t.k}u`,
    inside: t.k % tile.depth === 0,
    wholeSteps: t.k % 4 === 0,
    zeroBeyond: true,
    lead: kernel.batch > 1 ? { index: "batch", stride: t.a.batchStride } : undefined,
    ...(gather && { placeSource: source(gather) }),
  };
}

/** Columns of one term of an output, of the tile's expert or batch. */
function readB({ kernel, tile }: Reading, t: Term, width: number, name: string, k: string, places: number): BlockRead {
  const lead = kernel.group ? "expert" : kernel.batch > 1 ? "batch" : undefined;
  return {
    operand: t.b,
    name,
    place: "column",
    places,
    placeEnd: `${width}u`,
    wholePlaces: width % 4 === 0,
    k,
    kEnd: `${t.k}u`,
    inside: t.k % tile.depth === 0,
    wholeSteps: t.k % 4 === 0,
    zeroBeyond: false,
    lead: lead && { index: lead, stride: t.b.batchStride },
  };
}

function loadA(reading: Reading): string {
  const { kernel, bindings, quads, tile } = reading;
  const out = lines(2);
  inTerms(kernel.outputs[0]!.terms, tile.depth, out, (t, k) => {
    for (const line of loadFunction(readBlock(readA(reading, t, k, 4), bindings, quads))) out.line(line);
  });
  return out.text();
}

function loadB(reading: Reading, outputs: readonly number[]): string {
  const { kernel, bindings, quads, tile } = reading;
  const out = lines(2);
  const one = (index: number): void => {
    const o = kernel.outputs[index]!;
    inTerms(o.terms, tile.depth, out, (t, k) => {
      const block = readBlock(readB(reading, t, o.n, "b", k, 4), bindings, quads);
      for (const line of loadFunction(block)) out.line(line);
    });
  };
  outputs.forEach((index, i) => {
    if (i + 1 < outputs.length) out.block(`if (output == ${index}u)`, () => one(index));
    else one(index);
  });
  return out.text();
}

/** Terms follow each other along the inner axis, each padded to whole steps. */
function inTerms(
  terms: readonly Term[],
  depth: number,
  out: ReturnType<typeof lines>,
  inner: (t: Term, k: string) => void,
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

/** Loops of a lane that reads its own operands: one for each term, of the output its columns belong to. */
function laneLoops(reading: Reading): string {
  const { kernel } = reading;
  const out = lines(2);
  const all = kernel.outputs.map((o, i) => ({ ...o, i }));
  if (kernel.paired || all.length === 1) {
    for (const n of all[0]!.terms.keys()) laneLoop(reading, n, kernel.paired ? all : all.slice(0, 1), out);
    return out.text();
  }
  for (const o of all)
    out.block(`if (output == ${o.i}u)`, () => {
      for (const n of o.terms.keys()) laneLoop(reading, n, [o], out);
    });
  return out.text();
}

/** One term of one output, or of two that are made at once: places first, then four steps at a time. */
function laneLoop(
  reading: Reading,
  term: number,
  outputs: readonly MatmulKernel["outputs"][number][],
  out: ReturnType<typeof lines>,
): void {
  const { bindings, quads, tile } = reading;
  const t = outputs[0]!.terms[term]!;
  const a = readBlock(readA(reading, t, "k", tile.laneRows), bindings, quads);
  const b = outputs.map((o, i) => {
    const k = readB(reading, o.terms[term]!, o.n, blockName(i), "k", tile.laneColumns);
    return readBlock(k, bindings, quads);
  });
  out.block("", () => {
    for (const line of [...a.before, ...b.flatMap((x) => x.before)]) out.line(line);
    out.block(`for (var k = 0u; k < ${t.k}u; k += 4u)`, () => {
      for (const line of [...a.within, ...b.flatMap((x) => x.within)]) out.line(line);
      for (const line of multiply(a, b, tile)) out.line(line);
    });
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
