/** Kernels that are one op: sorting edges, attention, rotary positions, scattering rows. Some take several launches. */
import type { SpecialKernel, SpecialOp } from "../../5-plan/plan.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { STATIC_SHARED } from "../../targets/cuda/profiles.js";
import type { CudaPass } from "../../targets/cuda/program.js";
import { blocks } from "../gpu/sizes.js";
import { sortShape } from "../gpu/special-params.js";
import { ropeSizes, scatterSizes } from "../gpu/special-sizes.js";
import { mostTiles } from "../gpu/tiles.js";
import { attentionGradToCuda, attentionToCuda } from "./attention.js";
import { admitToCuda, assignToCuda, rankToCuda, threadsFor } from "./choosing.js";
import { namedParams } from "./names.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

type ToCuda = (kernel: SpecialKernel, context: Context) => CudaText;

const SPECIAL: Readonly<Record<SpecialOp, ToCuda>> = {
  partition: sortToCuda,
  histogram: sortToCuda,
  "histogram+partition": sortToCuda,
  bucket: sortToCuda,
  rank: rankToCuda,
  admit: admitToCuda,
  assign: assignToCuda,
  scatterAdd: scatterToCuda,
  put: tokenByToken,
  rope: ropeToCuda,
  attention: attentionToCuda,
  attentionAt: tokenByToken,
  attentionGrad: attentionGradToCuda,
};

/** Nothing writes text there. */
function tokenByToken(): never {
  throw new DiagnosticError([diagnose("MOE5007", { target: "cuda", what: "one token at a time" })]);
}

export function specialToCuda(kernel: SpecialKernel, context: Context): CudaText {
  return SPECIAL[kernel.op]({ ...kernel, params: namedParams(kernel.params, []) }, context);
}

/** Edges that one warp sorts: more where there are so many experts that their counts would need more memory than edges do. */
export const sortChunk = (experts: number): number => Math.max(1024, 32 * blocks(experts, 256));
const MOST_WARPS = 4;
/** Experts whose runs and tiles shared memory has room for. */
const FEW_EXPERTS = STATIC_SHARED / 8 - 1;

const pass = (entry: string, count: number, threads: number): CudaPass => ({
  entry,
  grid: [count, 1, 1],
  threads,
  shared: 0,
});

function sortToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const { edges, most, experts, offsets, rows, slots, load, room } = sortShape(kernel)!;
  const many = experts > FEW_EXPERTS;
  const warps = many ? MOST_WARPS : Math.min(MOST_WARPS, Math.floor(STATIC_SHARED / (4 * experts)));
  const b = accessTo(kernel.params, context);
  const nameOf = (param: number | undefined): string | undefined =>
    param === undefined ? undefined : kernel.params[param]!.name;
  const named = (name: string): string | undefined => kernel.params.find((p) => p.name.startsWith(name))?.name;
  const chunks = blocks(edges, sortChunk(experts));
  const sorts = offsets !== undefined;
  const place = rows !== undefined;
  const view = {
    edges,
    most,
    experts,
    chunk: sortChunk(experts),
    many,
    chunks,
    warps,
    threads: 32 * warps,
    room,
    sorts,
    place,
    edge: b.read(0, "i"),
    counts: named("chunk_counts"),
    load: load === undefined ? undefined : b.write(load, "e", "(float)before"),
    offsets: nameOf(offsets),
    rowTable: nameOf(rows),
    slots: nameOf(slots),
    tileTable: sorts ? named("tiles") : undefined,
    tiles: mostTiles(most, experts, context.tileRows),
    tileRows: context.tileRows,
  };
  const { name } = kernel;
  const passes = [
    pass(`${name}_count`, blocks(chunks, warps), 32 * warps),
    pass(`${name}_scan`, blocks(experts, many ? 128 : 4), 128),
    ...(sorts ? [pass(`${name}_add_up`, 1, many ? 1024 : 256)] : []),
    ...(place ? [pass(`${name}_place`, blocks(chunks, warps), 32 * warps)] : []),
    ...(room === undefined ? [] : [pass(`${name}_clear_rest`, blocks(experts * room, 256), 256)]),
  ];
  return { text: assemble(kernel, "sort", context, view), passes };
}

function scatterToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const sizes = scatterSizes(kernel);
  const { items, width, rows, copies, weight, to, next: sorting } = sizes;
  const [values, index] = [0, 1];
  const chunk = threadsFor(items);
  const chunks = blocks(items, chunk);
  const view = {
    ...sizes,
    chunk,
    chunks,
    zero: b.write(to, "i", "0.0f"),
    index: kernel.params[index]!.name,
    sorting: kernel.params[sorting]!.name,
    value:
      weight === undefined
        ? b.read(values, "(long long)item * WIDTH + c")
        : `${b.read(weight, "item")} * ${b.read(values, `(long long)(item / ${copies}) * WIDTH + c`)}`,
    putSum: b.write(to, "row * WIDTH + c", "sums[n]"),
  };
  const { name } = kernel;
  const add = {
    entry: `${name}_add`,
    grid: [blocks(items, 4), blocks(width, 128), 1],
    threads: 128,
    shared: 0,
  } as const;
  const passes = [
    pass(`${name}_clear`, blocks(rows * width, 256), 256),
    pass(`${name}_chunks`, chunks, chunk),
    pass(`${name}_places`, chunks, chunk),
    add,
  ];
  return { text: assemble(kernel, "scatter", context, view), passes };
}

function ropeToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const [x, cos, sin, to] = [0, 1, 2, 3];
  const sizes = ropeSizes(kernel);
  const { pairs, inverse } = sizes;
  const view = {
    ...sizes,
    readOne: b.read(x, "one"),
    readTwo: b.read(x, "two"),
    readCos: b.read(cos, "angle"),
    readSin: b.read(sin, "angle"),
    putOne: b.write(to, "one", `x * cosine ${inverse ? "+" : "-"} y * sine`),
    putTwo: b.write(to, "two", `y * cosine ${inverse ? "-" : "+"} x * sine`),
  };
  return { text: assemble(kernel, "rope", context, view), passes: [pass(kernel.name, blocks(pairs, 256), 256)] };
}
