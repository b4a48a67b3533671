/**
 * Turns one cluster into one kernel: parameters in order of first use, matrix operands, statements, cost.
 */
import type { Node, Value } from "../3-graph/graph.js";
import { buildBody } from "./body.js";
import type {
  Cluster,
  FlatCluster,
  MatmulCluster,
  OuterCluster,
  RowsCluster,
  SpecialCluster,
} from "./cluster-kinds.js";
import type { Matrix, Product } from "./matmul-shape.js";
import { access, sizeOf } from "./operands.js";
import { type Bound, type ParamTable, paramTable } from "./params.js";
import { nodesOf, type Places } from "./place.js";
import {
  CHUNKS,
  type Kernel,
  type MatmulOutput,
  type Operand,
  type Param,
  SPECIAL_OPS,
  type SpecialOp,
} from "./plan.js";
import { spaceOf } from "./row-space.js";

export interface MadeKernel {
  readonly kernel: Kernel;
  readonly bound: readonly Bound[];
  readonly count?: number;
}

export function kernelOf(cluster: Cluster, places: Places): MadeKernel {
  const table = paramTable(places.same, places.far, cluster.kind === "flat");
  switch (cluster.kind) {
    case "rows":
      return finishUp(table, cluster, rowsKernel(cluster, table, places));
    case "flat":
      return { ...finishUp(table, cluster, flatKernel(cluster, table, places)), count: sizeOf(cluster.axes) };
    case "matmul":
      return finishUp(table, cluster, matmulKernel(cluster, table, places));
    case "outer":
      return finishUp(table, cluster, outerKernel(cluster, table));
    case "special":
      return finishUp(table, cluster, specialKernel(cluster, table));
    case "finish":
      return finishKernel(cluster.node, table);
    default:
      return cluster satisfies never;
  }
}

type Part<K extends Kernel> = Omit<K, "name" | "params" | "summary" | "because" | "bytes">;

function finishUp<K extends Kernel>(table: ParamTable, cluster: Cluster, part: Part<K>): MadeKernel {
  const nodes = nodesOf(cluster);
  const because = [...new Set(nodes.flatMap((n) => (n.at.because ? [n.at.because] : [])))];
  const base = {
    name: nameOf(nodes),
    params: table.params as readonly Param[],
    summary: summaryOf(nodes),
    because,
    bytes: bytesOf(table.params),
  };
  return { kernel: { ...base, ...part } as unknown as Kernel, bound: table.bound };
}

function bytesOf(params: readonly Param[]): number {
  const one = (p: Param) => sizeOf(p.dims) * (p.dtype === "u8" ? 1 : 4) * (p.access === "update" ? 2 : 1);
  return params.reduce((sum, p) => sum + one(p), 0);
}

function rowsKernel(c: RowsCluster, params: ParamTable, places: Places): Part<Extract<Kernel, { kind: "rows" }>> {
  const body = buildBody(c.nodes, {
    form: "rows",
    domain: c.domain,
    params,
    stored: places.stored,
    tile: new Map(),
    zero: new Set(),
  });
  return { kind: "rows", domain: c.domain, body, flops: c.nodes.reduce((n, x) => n + rowFlops(x), 0) };
}

function flatKernel(c: FlatCluster, params: ParamTable, places: Places): Part<Extract<Kernel, { kind: "flat" }>> {
  const body = buildBody(c.nodes, {
    form: "flat",
    domain: [],
    params,
    stored: places.stored,
    tile: new Map(),
    zero: new Set(),
  });
  return { kind: "flat", body, flops: c.nodes.length * sizeOf(c.axes) };
}

function matmulKernel(c: MatmulCluster, params: ParamTable, places: Places): Part<Extract<Kernel, { kind: "matmul" }>> {
  const first = c.outputs[0]!.terms[0]!;
  const outputs = c.outputs.map((o): MatmulOutput => {
    const p = o.terms[0]!;
    const terms = o.terms.map((t) => ({ k: sizeOf(t.k), a: operand(t.a, params), b: operand(t.b, params) }));
    const keep =
      places.stored.has(o.value) && !c.epilogue.some((n) => o.terms.length > 1 && n.inputs.includes(o.value));
    const store = keep
      ? { param: params.write(o.value), stride: p.outStride, batchStride: p.outBatchStride }
      : undefined;
    return { n: sizeOf(p.n), terms, store };
  });
  const tile = new Map(c.outputs.map((o, i) => [o.value, i] as const));
  const zero = new Set(c.outputs.flatMap((o) => o.terms.slice(1).map((t) => t.node.outputs[0]!)));
  const epilogue = buildBody(c.epilogue, { form: "tile", domain: first.m, params, stored: places.stored, tile, zero });
  const after = buildBody(c.after, {
    form: "rows",
    domain: first.m,
    params,
    stored: places.stored,
    tile: new Map(),
    zero,
  });
  const group = first.group
    ? { offsets: params.read(first.group.offsets), experts: first.group.experts.size }
    : undefined;
  const flops = c.outputs.reduce((n, o) => n + o.terms.reduce((s, t) => s + flopsOf(t), 0), 0);
  const batch = sizeOf(first.batch);
  return {
    kind: "matmul",
    batch,
    m: sizeOf(first.m),
    outputs,
    paired: c.epilogue.length > 0 && c.outputs.length === 2,
    group,
    row: first.m,
    column: first.n,
    epilogue,
    after,
    flops,
  };
}

/** Multiplications and additions; of rows that a sort may leave empty, those that it expects to fill. */
const flopsOf = (p: Product): number =>
  2 * sizeOf(p.batch) * sizeOf(p.m) * sizeOf(p.n) * sizeOf(p.k) * filledShare(p.group?.offsets.node);

const filledShare = (sort: Node | undefined): number => (sort?.op.kind === "partition" ? (sort.op.filled ?? 1) : 1);

/** Numbers that a row program makes on the way; a product adds up as well. */
const rowFlops = (node: Node): number => sizeOf(spaceOf(node)) * (node.op.kind === "contract" ? 2 : 1);

function operand(m: Matrix, params: ParamTable): Operand {
  const param = params.read(m.access.root);
  const g = m.access.gather;
  const gather = g ? { param: params.read(g.index.root), divide: g.divide } : undefined;
  return { param, major: m.major, stride: m.stride, batchStride: m.batchStride, gather };
}

function outerKernel(c: OuterCluster, params: ParamTable): Part<Extract<Kernel, { kind: "outer" }>> {
  const p = c.products[0]!;
  const [a, b] = [operand(p.a, params), operand(p.b, params)];
  const storeOf = ({ node, outStride, outBatchStride }: Product) => ({
    param: params.write(node.outputs[0]!),
    stride: outStride,
    batchStride: outBatchStride,
  });
  const store = storeOf(p);
  const beside = c.products.slice(1).map((each) => ({ a: operand(each.a, params), store: storeOf(each) }));
  const group = p.group ? { offsets: params.read(p.group.offsets), experts: p.group.experts.size } : undefined;
  return {
    kind: "outer",
    batch: sizeOf(p.batch),
    m: sizeOf(p.m),
    n: sizeOf(p.n),
    k: sizeOf(p.k),
    a,
    b,
    store,
    beside,
    group,
    flops: c.products.reduce((sum, each) => sum + flopsOf(each), 0),
  };
}

function specialKernel(c: SpecialCluster, params: ParamTable): Part<Extract<Kernel, { kind: "special" }>> {
  const sizes: Record<string, number> = {};
  for (const n of c.nodes) for (const v of [...n.inputs, ...n.outputs]) for (const a of v.axes) sizes[a.name] = a.size;
  for (const n of c.nodes) for (const v of n.inputs) readAs(params, v);
  for (const n of c.nodes) for (const v of n.outputs) params.write(v);
  const attributes = Object.assign({}, ...c.nodes.map((n) => n.op)) as Record<
    string,
    number | string | boolean | undefined
  >;
  const op = specialOp(c.nodes.map(kindOf).sort().join("+"));
  return { kind: "special", op, attributes, sizes, flops: specialFlops(c.nodes[0]!) };
}

/** Attention of queries whose places are given is another kernel than that of all of them. */
const kindOf = ({ op, inputs }: Node): string =>
  op.kind === "attention" && inputs.length > 3 ? "attentionAt" : op.kind;

function specialOp(name: string): SpecialOp {
  const found = SPECIAL_OPS.find((op) => op === name);
  if (!found) throw new Error(`no kernel does ${name} together`);
  return found;
}

/** What a view shows lies elsewhere in memory, but the kernel counts along the axes of the view. */
function readAs({ params, read }: ParamTable, value: Value): void {
  const { root, gather } = access(value);
  const at = read(gather ? value : root);
  params[at] = { ...params[at]!, dims: value.axes };
}

function specialFlops(node: Node): number {
  const { op } = node;
  if (op.kind === "scatterAdd") {
    const width = sizeOf(node.outputs[0]!.axes.slice(1));
    return sizeOf(node.inputs[1]!.axes) * width * (node.inputs[2] === undefined ? 1 : 2);
  }
  if (op.kind !== "attention" && op.kind !== "attentionGrad") return 0;
  const rows = node.inputs[0]!.axes[0]!.size;
  const products = op.kind === "attention" ? 2 : 5;
  const seen = Math.min(op.window ?? op.seq, op.seq) * (op.causal ? 0.5 : 1);
  return products * 2 * rows * seen * op.heads * op.headDim;
}

function finishKernel(node: Node, table: ParamTable): MadeKernel {
  const out = node.outputs[0]!;
  const how = node.op.kind === "reduce" ? node.op.how : "sum";
  table.partial(out);
  table.write(out);
  const params = [
    { ...table.params[0]!, access: "read" as const, name: "partial" },
    { ...table.params[1]!, name: "total" },
  ];
  const kernel: Kernel = {
    kind: "finish",
    name: how === "sum" ? "finish_sum" : "finish_max",
    params,
    summary: "adds up partial sums",
    because: [],
    how,
    chunks: CHUNKS,
    size: sizeOf(out.axes),
    flops: sizeOf(out.axes) * CHUNKS,
    bytes: bytesOf(params),
  };
  return { kernel, bound: table.bound };
}

/** `layers.3.mixture` + `experts.gate` -> `mixture_experts_gate`; further roles of the same kernel follow. */
function nameOf(nodes: readonly Node[]): string {
  const role = (n: Node) => `${n.at.scope.replace(/^layers\.\d+\.?/, "")}.${n.at.role || n.op.kind}`;
  const clean = (s: string) => s.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  const first = nodes[0]!;
  const last = nodes.at(-1)!;
  const tail =
    last === first || role(last) === role(first)
      ? ""
      : `_${clean(role(last).startsWith(`${role(first).split(".")[0]}.`) ? last.at.role : role(last))}`;
  const phase = first.at.phase === "backward" ? "_backward" : "";
  return `${clean(role(first))}${tail}${phase}`;
}

function summaryOf(nodes: readonly Node[]): string {
  return [...new Set(nodes.map((n) => `${n.op.kind} ${n.at.role}`))].join(", ");
}
