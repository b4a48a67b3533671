/** Kernels that are one op: sorting edges, attention, rotary positions, scattering rows. Some take several dispatches. */

import type { SpecialKernel, SpecialOp } from "../../5-plan/plan.js";
import { diagnose } from "../../diagnostics/diagnose.js";
import { DiagnosticError } from "../../diagnostics/diagnostic.js";
import { wgslFloat } from "../../targets/wgsl/dialect.js";
import type { WgslPass } from "../../targets/wgsl/program.js";
import { blocks, bytesOf } from "../gpu/sizes.js";
import { sortShape } from "../gpu/special-params.js";
import { attentionSizes, ropeSizes, scatterSizes } from "../gpu/special-sizes.js";
import { mostTiles } from "../gpu/tiles.js";
import { bindParams } from "./bindings.js";
import { admitToWgsl, assignToWgsl, rankToWgsl } from "./choosing.js";
import { namedParams } from "./names.js";
import { GROUP_ROWS, SORT_CHUNK } from "./shape.js";
import { assemble, type Context, grid, type WgslText } from "./view.js";

const SPECIAL: Readonly<Record<SpecialOp, (kernel: SpecialKernel, context: Context) => WgslText>> = {
  partition: sortToWgsl,
  histogram: sortToWgsl,
  "histogram+partition": sortToWgsl,
  bucket: sortToWgsl,
  rank: rankToWgsl,
  admit: admitToWgsl,
  assign: assignToWgsl,
  scatterAdd: scatterToWgsl,
  put: tokenByToken,
  rope: ropeToWgsl,
  attention: attentionToWgsl,
  attentionAt: tokenByToken,
  attentionGrad: attentionGradToWgsl,
};

/** Nothing writes text there. */
function tokenByToken(): never {
  throw new DiagnosticError([diagnose("MOE5007", { target: "wgsl", what: "one token at a time" })]);
}

export function specialToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  return SPECIAL[kernel.op]({ ...kernel, params: namedParams(kernel.params, []) }, context);
}

/** Experts whose counts fit into workgroup memory, three tables of them; where there are more, counts are in memory. */
const isMany = (experts: number, { profile }: Context): boolean =>
  experts >= Math.floor((profile.workgroupMemory - 4 * SORT_CHUNK) / 12);

function sortToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const { edges, most, experts, offsets, rows, slots, load, room } = sortShape(kernel)!;
  const many = isMany(experts, context);
  const b = bindParams(kernel.params, context.choice);
  const named = (name: string): number => kernel.params.findIndex((p) => p.name === name);
  const [counts, tiles] = [named("chunk_counts"), named("tiles")];
  const chunks = blocks(edges, SORT_CHUNK);
  const sorts = offsets !== undefined;
  const view = {
    declarations: b.declarations,
    edges,
    experts,
    chunk: SORT_CHUNK,
    chunks,
    many,
    perLane: blocks(experts, SORT_CHUNK),
    room,
    sorts,
    place: rows !== undefined,
    edge: b.read(0, "i"),
    putCount: b.write(counts, "group.x * EXPERTS + e", "n"),
    getCount: b.read(counts, "c * EXPERTS + e"),
    putBefore: b.write(counts, "c * EXPERTS + e", "before"),
    getBefore: b.read(counts, "c * EXPERTS + u32(e)"),
    total: room === undefined && !many ? undefined : b.write(counts, "CHUNKS * EXPERTS + e", "before"),
    getTotal: b.read(counts, "CHUNKS * EXPERTS + e"),
    load: load === undefined ? undefined : b.write(load, "e", "f32(before)"),
    ...(sorts && {
      tiles: mostTiles(most, experts, GROUP_ROWS),
      most,
      tileRows: GROUP_ROWS,
      putOffset: b.write(offsets, "e", "start"),
      getOffset: b.read(offsets, "u32(e)"),
      getEnd: b.read(offsets, "EXPERTS"),
      putTile: ["owner", "top", "bottom"].map((v, i) => b.write(tiles, `t * 3u + ${i}u`, v)),
    }),
    ...(rows !== undefined && {
      putRow: b.write(rows, "u32(slot)", "i32(i)"),
      clearRow: b.write(rows, "i", "-1"),
      putSlot: b.write(slots!, "i", "slot"),
    }),
  };
  const pass = (
    entry: string,
    workgroups: WgslPass["workgroups"],
    params: readonly (number | undefined)[],
  ): WgslPass => {
    const used = params.filter((p): p is number => p !== undefined && p >= 0);
    return { entry, workgroups, bindings: b.of(used) };
  };
  const passes = [
    pass("count_chunks", [chunks, 1, 1], [0, counts]),
    ...(many
      ? [
          pass("add_chunks", [blocks(experts, SORT_CHUNK), 1, 1], [counts, load]),
          ...(sorts ? [pass("add_experts", [1, 1, 1], [counts, offsets, tiles])] : []),
        ]
      : [pass("add_up", [1, 1, 1], [counts, load, offsets, tiles])]),
    ...(rows === undefined ? [] : [pass("place", [chunks, 1, 1], [0, counts, offsets, rows, slots])]),
    ...(room === undefined ? [] : [pass("clear_rest", [blocks(experts * room, SORT_CHUNK), 1, 1], [counts, rows])]),
  ];
  return { code: assemble(kernel, "sort.wgsl", view, context), passes };
}

function scatterToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const b = bindParams(kernel.params, context.choice);
  const sizes = scatterSizes(kernel);
  const { items, width, rows, copies, weight, to, next } = sizes;
  const [values, index] = [0, 1];
  const view = {
    declarations: b.declarations,
    ...sizes,
    zero: b.write(to, "i", "0.0"),
    rowOfI: b.read(index, "i"),
    rowOfJ: b.read(index, "j"),
    putNext: b.write(next, "i * 2u", "next"),
    putLeads: b.write(next, "i * 2u + 1u", "select(0, 1, leads)"),
    leads: b.read(next, "i * 2u + 1u"),
    nextOfItem: b.read(next, "u32(item) * 2u"),
    value:
      weight === undefined
        ? b.read(values, "u32(item) * WIDTH + c")
        : `${b.read(weight, "u32(item)")} * ${b.read(values, `u32(item) / ${copies}u * WIDTH + c`)}`,
    putSum: b.write(to, "row * WIDTH + c", "sum"),
  };
  const added = [values, index, ...(weight === undefined ? [] : [weight]), to, next];
  const passes: WgslPass[] = [
    { entry: "clear", workgroups: grid(blocks(rows * width, 256), context.profile), bindings: b.of([to]) },
    { entry: "chain", workgroups: [blocks(items, 64), 1, 1], bindings: b.of([index, next]) },
    { entry: "add_chains", workgroups: grid(items, context.profile), bindings: b.of(added) },
  ];
  return { code: assemble(kernel, "scatter.wgsl", view, context), passes };
}

function ropeToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const b = bindParams(kernel.params, context.choice);
  const [x, cos, sin, to] = [0, 1, 2, 3];
  const sizes = ropeSizes(kernel);
  const { pairs, inverse } = sizes;
  const view = {
    declarations: b.declarations,
    ...sizes,
    half: sizes.headDim / 2,
    readOne: b.read(x, "one"),
    readTwo: b.read(x, "two"),
    readCos: b.read(cos, "angle"),
    readSin: b.read(sin, "angle"),
    putOne: b.write(to, "one", `x * cosine_here ${inverse ? "+" : "-"} y * sine_here`),
    putTwo: b.write(to, "two", `y * cosine_here ${inverse ? "-" : "+"} x * sine_here`),
  };
  const workgroups = grid(blocks(pairs, 256), context.profile);
  return {
    code: assemble(kernel, "rope.wgsl", view, context),
    passes: [{ entry: "main", workgroups, bindings: b.of() }],
  };
}

/** Bytes of workgroup memory for blocks of keys and values, or of queries and their gradients. */
const BLOCK_BYTES = 14_336;

function attentionShape(kernel: SpecialKernel, context: Context) {
  const sizes = attentionSizes(kernel);
  const { sequence, headDim, window } = sizes;
  const tooLong = kernel.params.some((p) => bytesOf(p) > context.profile.binding);
  if (tooLong)
    throw new DiagnosticError([
      diagnose("MOE5008", {
        target: "wgsl",
        what: "attention over one batch",
        needed: Math.max(...kernel.params.map(bytesOf)),
        limit: context.profile.binding,
      }),
    ]);
  const quads = headDim % 4 === 0;
  let lanes = 16;
  while (lanes < 64 && lanes < sequence) lanes *= 2;
  return {
    ...sizes,
    quads,
    parts: quads ? headDim / 4 : headDim,
    lanes,
    block: Math.max(1, Math.min(32, Math.floor(BLOCK_BYTES / (8 * headDim)))),
    scale: wgslFloat(Number(kernel.attributes.scale)),
    firstKey: window === undefined ? "0u" : `max(first_query + 1u, ${window}u) - ${window}u`,
  };
}

/** Parameters that hold rows of heads are read in fours where a head divides into fours. */
function inFours(context: Context, params: readonly number[], quads: boolean): Context {
  return quads ? { ...context, choice: { ...context.choice, quads: new Set(params) } } : context;
}

function attentionToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const shape = attentionShape(kernel, context);
  const b = bindParams(kernel.params, inFours(context, [0, 1, 2, 3], shape.quads).choice);
  const [q, k, v, , lse] = kernel.params.map((p) => p.name);
  const workgroups = [blocks(shape.sequence, shape.lanes), shape.heads, shape.batch] as const;
  const put = shape.quads ? b.writeFour : b.write;
  const view = { ...shape, declarations: b.declarations, q, k, v, lse, putO: put(3, "place + c", "sums[c] / total") };
  return {
    code: assemble(kernel, "attention.wgsl", view, context),
    passes: [{ entry: "main", workgroups, bindings: b.of() }],
  };
}

function attentionGradToWgsl(kernel: SpecialKernel, context: Context): WgslText {
  const shape = attentionShape(kernel, context);
  const b = bindParams(kernel.params, inFours(context, [0, 1, 2, 3, 5, 6, 7, 8], shape.quads).choice);
  const [q, k, v, , lse, dout, dq, dk, dv, delta] = kernel.params.map((p) => p.name);
  const { window } = shape;
  const lastQuery = window === undefined ? "S" : `min(first_key + LANES + ${window - 1}u, S)`;
  const readO = (shape.quads ? b.readFour : b.read)(3, "i * PARTS + c");
  const view = { ...shape, declarations: b.declarations, q, k, v, readO, lse, do: dout, dq, dk, dv, delta, lastQuery };
  const across = blocks(shape.sequence, shape.lanes);
  const passes: WgslPass[] = [
    {
      entry: "find_delta",
      workgroups: grid(blocks(shape.batch * shape.sequence * shape.heads, 64), context.profile),
      bindings: b.of([3, 5, 9]),
    },
    { entry: "grad_queries", workgroups: [across, shape.heads, shape.batch], bindings: b.of([0, 1, 2, 4, 5, 6, 9]) },
    { entry: "grad_keys", workgroups: [across, shape.kvHeads, shape.batch], bindings: b.of([0, 1, 2, 4, 5, 7, 8, 9]) },
  ];
  return { code: assemble(kernel, "attention-grad.wgsl", view, context), passes };
}
