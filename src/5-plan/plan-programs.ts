/**
 * From the graphs of a design's programs to one kernel plan: cluster, write kernels, share equal ones
 * between layers and programs, lay out memory.
 */
import type { Graph, Value } from "../3-graph/graph.js";
import { canonicalise } from "./canonical.js";
import { cluster } from "./cluster.js";
import type { Cluster, FusionOptions } from "./cluster-kinds.js";
import { kernelOf, type MadeKernel } from "./kernel-of.js";
import { align, CONTROL_BYTES, packLifetimes } from "./memory.js";
import { access, isLeaf, sizeOf } from "./operands.js";
import { outputName } from "./params.js";
import { findPlaces, type Places } from "./place.js";
import { type Buffer, type BufferRole, CHUNKS, type Kernel, type KernelPlan, type ProgramPlan } from "./plan.js";
import { withWaits } from "./waits.js";

export interface PlanOptions {
  readonly fusion: FusionOptions;
}

/** Plans all programs of a design together, so that they share kernels, weights and workspace. */
export function planPrograms(programs: Readonly<Record<string, Graph>>, options: PlanOptions): KernelPlan {
  const graphs = Object.entries(programs).map(([name, graph]) => ({ name, graph: canonicalise(graph) }));
  const kept = layKept(graphs.map((g) => g.graph));
  const buffers = [...kept.buffers];
  const kernels = kernelList();
  const plans = graphs.map(({ name, graph }) => planProgram(name, graph));
  const workspace = Math.max(0, ...plans.map((p) => p.workspace));
  const memory = { kept: kept.end, workspace, arena: kept.end + workspace };
  return { kernels: kernels.named(), buffers, programs: plans, memory };

  function planProgram(name: string, graph: Graph): ProgramPlan {
    const clusters = cluster(graph, options.fusion);
    const places = findPlaces(graph, clusters);
    const made = clusters.map((c) => kernelOf(c, places));
    const work = layWork(graph, made, places, kept, buffers.length);
    buffers.push(...work.buffers);
    const launches = made.map((m, i) => {
      const args = m.bound.map((b) => work.find(b.value, b.partial));
      const count = m.count === undefined ? {} : { count: m.count };
      const scope = scopeOf(clusters[i]!);
      return { kernel: kernels.share(m.kernel, name, scope), args, scope, ...count };
    });
    const outputs = Object.fromEntries([...graph.outputs].map(([key, v]) => [key, work.find(access(v).root, false)]));
    return { name, launches: withWaits(launches, kernels.all, buffers), outputs, workspace: work.bytes };
  }
}

/** Who launches a kernel: what tells two kernels of one role apart. */
interface Use {
  readonly kernel: Kernel;
  readonly programs: Set<string>;
  readonly scopes: Set<string>;
}

/** Equal kernels are one kernel, whatever layer or program asks; names are made unique at the end. */
function kernelList(): {
  all: readonly Kernel[];
  share: (k: Kernel, program: string, scope: string) => number;
  named: () => Kernel[];
} {
  const uses: Use[] = [];
  const all: Kernel[] = [];
  const byShape = new Map<string, number>();
  const share = (kernel: Kernel, program: string, scope: string): number => {
    const shape = fingerprint(kernel);
    const at = byShape.get(shape) ?? all.push(kernel) - 1;
    byShape.set(shape, at);
    uses[at] ??= { kernel, programs: new Set(), scopes: new Set() };
    uses[at].programs.add(program);
    uses[at].scopes.add(scope.split(".").slice(0, 2).join("_"));
    return at;
  };
  return { all, share, named: () => nameAll(uses) };
}

/** The plain role where it is free; else the layer or the program that alone uses it, or how it is used less. */
function nameAll(uses: readonly Use[]): Kernel[] {
  const taken = new Set<string>();
  return uses.map(({ kernel, programs, scopes }) => {
    const [scope, program] = [[...scopes][0]!, [...programs][0]!];
    const candidates = [
      kernel.name,
      ...(scopes.size === 1 && scope.startsWith("layers_")
        ? [`${kernel.name}_of_${scope.replace("layers_", "layer_")}`]
        : []),
      ...(programs.size === 1 ? [`${kernel.name}_in_${program}`] : []),
      `${kernel.name}_with_${kernel.params.at(-1)!.name}`,
    ];
    const name = freeName(candidates, taken);
    taken.add(name);
    return { ...kernel, name };
  });
}

function freeName(candidates: readonly string[], taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const free = candidates.map((c) => (n === 1 ? c : `${c}_${n}`)).find((c) => !taken.has(c));
    if (free !== undefined) return free;
  }
}

/** What makes two kernels the same text: everything but names, reasons and cost. Flat kernels fit any length. */
export function fingerprint(kernel: Kernel): string {
  const { name: _name, because: _because, summary: _summary, flops: _flops, bytes: _bytes, params, ...rest } = kernel;
  const loose = kernel.kind === "flat";
  const dims = (d: readonly { size: number }[]) => (loose && d.length > 0 ? "count" : d.map((x) => x.size).join(","));
  const shapes = params.map((p) => [p.dtype, p.access, dims(p.dims)]);
  const keep = (key: string, value: unknown): unknown => {
    if (key === "note") return undefined;
    return key === "dims" && Array.isArray(value) && loose ? dims(value as { size: number }[]) : value;
  };
  return JSON.stringify({ ...rest, shapes }, keep);
}

interface Kept {
  readonly buffers: readonly Buffer[];
  readonly ids: ReadonlyMap<string, number>;
  readonly end: number;
}

/** Inputs, data, weights and state outlive a run; they lie in the order the graphs name them. */
function layKept(graphs: readonly Graph[]): Kept {
  const buffers: Buffer[] = [];
  const ids = new Map<string, number>();
  let end = CONTROL_BYTES;
  for (const node of graphs.flatMap((g) => g.nodes)) {
    const key = keptKey(node.outputs[0]!);
    if (key === undefined || ids.has(key)) continue;
    const v = node.outputs[0]!;
    ids.set(key, buffers.length);
    const { name } = node.op as { name: string };
    const source = node.op.kind === "data" ? { source: node.op.source } : {};
    buffers.push({
      name,
      role: node.op.kind as BufferRole,
      dtype: v.dtype,
      dims: v.axes,
      bytes: bytesOf(v),
      offset: end,
      ...source,
    });
    end += align(bytesOf(v));
  }
  return { buffers, ids, end };
}

const keptKey = (v: Value): string | undefined =>
  isLeaf(v.node) && "name" in v.node.op ? `${v.node.op.kind}:${v.node.op.name}` : undefined;

const bytesOf = (v: Value): number => sizeOf(v.axes) * (v.dtype === "u8" ? 1 : 4);

interface Work {
  readonly buffers: readonly Buffer[];
  readonly find: (value: Value, partial: boolean) => number;
  readonly bytes: number;
}

/** Buffers of one program that live from their first writer to their last reader. */
function layWork(graph: Graph, made: readonly MadeKernel[], places: Places, kept: Kept, firstId: number): Work {
  const whole = new Map<Value, number>();
  const partial = new Map<Value, number>();
  const list: { value: Value; partial: boolean; from: number; to: number }[] = [];
  made.forEach((m, at) => {
    for (const b of m.bound) {
      if (keptKey(b.value) !== undefined) continue;
      const ids = b.partial ? partial : whole;
      const id = ids.get(b.value) ?? list.push({ ...b, from: at, to: at }) - 1;
      ids.set(b.value, id);
      list[id]!.to = at;
    }
  });
  for (const v of graph.outputs.values()) {
    const id = whole.get(places.same(access(v).root));
    if (id !== undefined) list[id]!.to = made.length;
  }
  const bytes = (b: { value: Value; partial: boolean }) => bytesOf(b.value) * (b.partial ? CHUNKS : 1);
  const packed = packLifetimes(list.map((b) => ({ bytes: bytes(b), from: b.from, to: b.to })));
  const buffers = list.map((b, i): Buffer => {
    const dims = b.partial ? [{ name: "chunk", size: CHUNKS }, ...b.value.axes] : b.value.axes;
    return {
      name: bufferName(b.value, b.partial),
      role: "work",
      dtype: b.value.dtype,
      dims,
      bytes: bytes(b),
      offset: kept.end + packed.offsets[i]!,
    };
  });
  const find = (value: Value, isPartial: boolean): number => {
    const v = isPartial ? value : places.same(value);
    const key = keptKey(v);
    if (key !== undefined) return kept.ids.get(key)!;
    const id = (isPartial ? partial : whole).get(v);
    if (id === undefined) throw new Error(`no memory for ${v.node.at.scope}.${v.node.at.role}`);
    return firstId + id;
  };
  return { buffers, find, bytes: packed.bytes };
}

function bufferName(v: Value, partial: boolean): string {
  const { at } = v.node;
  const output = v.node.outputs.length > 1 ? `.${outputName(v)}` : "";
  return `${at.scope}.${at.phase === "backward" ? "d_" : ""}${at.role}${output}${partial ? ".partial" : ""}`;
}

function scopeOf(c: Cluster): string {
  if (c.kind === "finish") return c.node.at.scope;
  if (c.kind === "outer") return c.products[0]!.node.at.scope;
  return (c.kind === "matmul" ? c.outputs[0]!.terms[0]!.node : c.nodes[0]!).at.scope;
}
