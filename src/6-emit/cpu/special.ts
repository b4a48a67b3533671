/** Kernels that are one op: sorting edges, ranking and assigning units, attention, rotary positions, scattering rows. */
import type { SpecialKernel, SpecialOp } from "../../5-plan/plan.js";
import { hasOneRow } from "../../5-plan/waits.js";
import { cFloat } from "../../targets/cpu/dialect.js";
import { fill } from "../templates.js";
import { type CKernel, header, roundUp } from "./view.js";

type ToC = (kernel: SpecialKernel) => CKernel;

const SPECIAL: Readonly<Record<SpecialOp, ToC>> = {
  partition: partitionToC,
  histogram: partitionToC,
  "histogram+partition": partitionToC,
  bucket: bucketToC,
  rank: rankToC,
  admit: admitToC,
  assign: assignToC,
  scatterAdd: scatterToC,
  put: putToC,
  rope: ropeToC,
  attention: attentionToC,
  attentionAt: attentionAtToC,
  attentionGrad: attentionGradToC,
};

export function specialToC(kernel: SpecialKernel): CKernel {
  return SPECIAL[kernel.op](kernel);
}

const elements = (kernel: SpecialKernel, param: number): number =>
  kernel.params[param]!.dims.reduce((n, d) => n * d.size, 1);
const plain = (text: string): CKernel => ({ text, scratch: 0, shared: 0 });

/** Parameters: edges; then offsets, rows, slots if sorted; then counts if counted. */
function partitionToC(kernel: SpecialKernel): CKernel {
  const name = (i: number) => kernel.params[i]?.name;
  const sorts = kernel.op.includes("partition");
  const counts = kernel.op.includes("histogram") ? kernel.params.findIndex((p) => p.dtype === "f32") : -1;
  const [offsets, rows, slots] = kernel.params.flatMap((p, i) => (i > 0 && p.dtype === "i32" ? [i] : []));
  const experts = sorts ? elements(kernel, offsets!) - 1 : elements(kernel, counts);
  const view = {
    ...header(kernel),
    edges: elements(kernel, 0),
    most: sorts ? elements(kernel, rows!) : 0,
    experts,
    edge: name(0),
    counts: counts < 0 ? undefined : name(counts),
    ...(sorts ? { offsets: name(offsets!), rows: name(rows!), slots: name(slots!) } : {}),
  };
  return plain(fill("cpu/partition.c", view));
}

function bucketToC(kernel: SpecialKernel): CKernel {
  const [edge, rows, slots] = kernel.params.map((p) => p.name);
  const room = Number(kernel.attributes.room);
  return plain(
    fill("cpu/bucket.c", {
      ...header(kernel),
      edges: elements(kernel, 0),
      experts: elements(kernel, 1) / room,
      room,
      edge,
      rows,
      slots,
    }),
  );
}

/** Parameters: keys, then places and items by place. Each thread sorts bits and indices from one half of two to the other. */
function rankToC(kernel: SpecialKernel): CKernel {
  const [key, rank, order] = kernel.params.map((p) => p.name);
  const size = kernel.params[0]!.dims.at(-1)!.size;
  const view = { ...header(kernel), key, rank, order, size, rows: elements(kernel, 0) / size };
  return { text: fill("cpu/rank.c", view), scratch: 4 * size, shared: 0 };
}

/** Parameters: edges, their order, room of each expert, perhaps experts of each unit best first, edges that are let in. */
function admitToC(kernel: SpecialKernel): CKernel {
  const names = kernel.params.map((p) => p.name);
  const ranked = names.length === 5 ? names[3] : undefined;
  const view = {
    ...header(kernel),
    edge: names[0],
    order: names[1],
    room: names[2],
    ranked,
    to: names.at(-1),
    edges: elements(kernel, 0),
    k: kernel.params[0]!.dims.at(-1)!.size,
    experts: elements(kernel, 2),
    choices: ranked === undefined ? 0 : kernel.params[3]!.dims.at(-1)!.size,
  };
  return plain(fill("cpu/admit.c", view));
}

function assignToC(kernel: SpecialKernel): CKernel {
  const [key, to] = kernel.params.map((p) => p.name);
  const [units, experts] = kernel.params[0]!.dims.slice(-2).map((d) => d.size) as [number, number];
  const problems = elements(kernel, 1) / units;
  const view = { ...header(kernel), key, to, units, experts, problems };
  return { text: fill("cpu/assign.c", view), scratch: 2 * experts * experts, shared: 0 };
}

function scatterToC(kernel: SpecialKernel): CKernel {
  const { params } = kernel;
  const [values, index, to] = [0, 1, params.length - 1].map((i) => params[i]!.name);
  const weight = params.length > 3 ? params[2]!.name : undefined;
  const width = params
    .at(-1)!
    .dims.slice(1)
    .reduce((n, d) => n * d.size, 1);
  const [items, rows] = [elements(kernel, 1), elements(kernel, params.length - 1) / width];
  const copies = items / (elements(kernel, 0) / width);
  return plain(fill("cpu/scatter.c", { ...header(kernel), values, index, weight, to, items, copies, width, rows }));
}

/** Parameters: what rows are put into, their index, the rows; and where all of it goes, if that is elsewhere. */
function putToC(kernel: SpecialKernel): CKernel {
  const { params } = kernel;
  const [x, index, rows] = params.map((p) => p.name);
  const [size, count] = [elements(kernel, 0), elements(kernel, 1)];
  const width = elements(kernel, 2) / count;
  const view = { ...header(kernel), x, index, rows, count, one: count === 1, width, size };
  return plain(fill("cpu/put.c", { ...view, to: params[3]?.name ?? x, copied: params.length > 3 }));
}

function ropeToC(kernel: SpecialKernel): CKernel {
  const [x, cos, sin, to] = kernel.params.map((p) => p.name);
  const headDim = Number(kernel.attributes.headDim);
  const sequence = elements(kernel, 1) / (headDim / 2);
  const width = kernel.params[0]!.dims.slice(1).reduce((n, d) => n * d.size, 1);
  const inverse = kernel.attributes.inverse === true;
  const signs = inverse ? { minus: "+", plus: "-" } : { minus: "-", plus: "+" };
  return plain(
    fill("cpu/rope.c", {
      ...header(kernel),
      alone: hasOneRow(kernel),
      x,
      cos,
      sin,
      to,
      rows: elements(kernel, 0) / width,
      width,
      headDim,
      sequence,
      inverse,
      ...signs,
    }),
  );
}

function attentionView(kernel: SpecialKernel): { sequence: number; headDim: number; view: object } {
  const a = kernel.attributes;
  const sequence = Number(a.seq);
  const headDim = Number(a.headDim);
  const window = a.window === undefined ? undefined : Number(a.window);
  const view = {
    ...header(kernel),
    sequence,
    headDim,
    heads: a.heads,
    kvHeads: a.kvHeads,
    batch: kernel.params[0]!.dims[0]!.size / sequence,
    causal: a.causal,
    maskLate: a.causal,
    window,
    scale: cFloat(Number(a.scale)),
    firstKey: window === undefined ? "0" : `MAX(0, at - ${window} + 1) / MR * MR`,
    lastKey: a.causal ? "at + width" : "S",
    braceZero: "{{0}, {0}}",
  };
  return { sequence, headDim, view };
}

function attentionToC(kernel: SpecialKernel): CKernel {
  const [q, k, v, o, lse] = kernel.params.map((p) => p.name);
  const { sequence, headDim, view } = attentionView(kernel);
  const scratch =
    headDim * roundUp(sequence, 24) + sequence * roundUp(headDim, 32) + headDim * 32 + 32 * roundUp(sequence, 24);
  return { text: fill("cpu/attention.c", { ...view, q, k, v, o, lse }), scratch, shared: 0 };
}

function attentionAtToC(kernel: SpecialKernel): CKernel {
  const [q, k, v, positions, o, lse] = kernel.params.map((p) => p.name);
  const { sequence, view } = attentionView(kernel);
  const [rows, kept] = [0, 1].map((i) => kernel.params[i]!.dims[0]!.size) as [number, number];
  const { window } = kernel.attributes;
  const firstKey = window === undefined ? "0" : `MAX(0, end - ${window})`;
  const own = { q, k, v, positions, o, lse, rows, one: rows === 1, perSequence: rows / (kept / sequence), firstKey };
  return { text: fill("cpu/attention-at.c", { ...view, ...own }), scratch: roundUp(sequence, 16), shared: 0 };
}

function attentionGradToC(kernel: SpecialKernel): CKernel {
  const [q, k, v, o, lse, dout, dq, dk, dv] = kernel.params.map((p) => p.name);
  const { sequence, headDim, view } = attentionView(kernel);
  const [sUp, dUp] = [roundUp(sequence, 24), roundUp(headDim, 32)];
  const scratch = 2 * headDim * sUp + sequence * dUp + 2 * sUp * dUp + 2 * headDim * 32 + 2 * 32 * dUp + 2 * 32 * sUp;
  return { text: fill("cpu/attention-grad.c", { ...view, q, k, v, o, lse, do: dout, dq, dk, dv }), scratch, shared: 0 };
}
