/**
 * A plan as GPUs run it: kernels get the memory of their own that several dispatches need, products
 * over sorted rows get the table of tiles that the sort leaves, and partial sums get a GPU's chunks.
 * Numbers of buffers and programs stay those of the plan.
 */
import type { Buffer, Kernel, KernelPlan, Launch, Param } from "../../5-plan/plan.js";
import { chunksOf } from "./chunks.js";
import { withDistinctAxes } from "./distinct-axes.js";
import type { GpuShape } from "./shape.js";
import { bytesOf } from "./sizes.js";
import { extraParams, sortShape } from "./special-params.js";
import { tilesParam } from "./tiles.js";

export interface Lowered {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly LoweredBuffer[];
  readonly programs: readonly LoweredProgram[];
  readonly chunks: number;
}

export type LoweredBuffer = Pick<Buffer, "name" | "role" | "dtype" | "dims" | "bytes" | "source">;

export interface LoweredProgram {
  readonly name: string;
  readonly launches: readonly Omit<Launch, "wait">[];
  readonly outputs: Readonly<Record<string, number>>;
}

export function lowerPlan(plan: KernelPlan, shape: GpuShape): Lowered {
  const chunks = chunksOf(plan.kernels, shape.mostChunks);
  const buffers: LoweredBuffer[] = plan.buffers.map((b) => {
    const { dims } = inChunks(b, chunks);
    return { ...b, dims, bytes: b.dims[0]?.name === "chunk" ? (b.bytes / b.dims[0].size) * chunks : b.bytes };
  });
  const kernels = plan.kernels
    .map(withDistinctAxes)
    .map((k): Kernel => ({ ...k, params: [...k.params.map((p) => inChunks(p, chunks)), ...extrasOf(k, shape)] }));
  const programs = plan.programs.map((p) => lowerProgram(p, plan, buffers, shape));
  return { kernels, buffers, programs, chunks };
}

function inChunks<T extends Pick<Param, "dims">>(p: T, chunks: number): T {
  const [first, ...rest] = p.dims;
  return first?.name === "chunk" ? { ...p, dims: [{ ...first, size: chunks }, ...rest] } : p;
}

function extrasOf(k: Kernel, shape: GpuShape): Param[] {
  if (k.kind === "special") return extraParams(k, shape);
  if (k.kind === "outer") return shape.pieces?.(k) ?? [];
  return k.kind === "matmul" && k.group ? [tilesParam(k.m, k.group.experts, shape.tileRows, "read")] : [];
}

/** Appends buffers for what its launches need besides the plan's. */
function lowerProgram(
  program: KernelPlan["programs"][number],
  plan: KernelPlan,
  buffers: LoweredBuffer[],
  shape: GpuShape,
): LoweredProgram {
  const tables = new Map<number, number>();
  const add = (p: Param, of: string): number =>
    buffers.push({ name: `${of}.${p.name}`, role: "work", dtype: p.dtype, dims: p.dims, bytes: bytesOf(p) }) - 1;
  const launches = program.launches.map(({ wait: _, ...launch }) => {
    const kernel = plan.kernels[launch.kernel]!;
    const extras = extrasOf(kernel, shape).map((p) => {
      if (p.name !== "tiles") return add(p, launch.scope);
      const offsets = launch.args[offsetsParam(kernel)]!;
      const table = tables.get(offsets) ?? add(p, launch.scope);
      tables.set(offsets, table);
      if (bytesOf(p) !== buffers[table]!.bytes)
        throw new Error(`${kernel.name} wants another table of tiles than its sort makes`);
      return table;
    });
    return { ...launch, args: [...launch.args, ...extras] };
  });
  return { name: program.name, launches, outputs: program.outputs };
}

/** The parameter that says where each expert's rows begin. */
function offsetsParam(kernel: Kernel): number {
  if (kernel.kind === "matmul") return kernel.group!.offsets;
  if (kernel.kind === "special") return sortShape(kernel)!.offsets!;
  throw new Error(`${kernel.name} has no experts`);
}
