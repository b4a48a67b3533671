/** What kernels that are one op need besides the plan's parameters, and what their parameters are. */
import type { Param, SpecialKernel } from "../../5-plan/plan.js";
import type { GpuShape } from "./shape.js";
import { blocks, elements } from "./sizes.js";
import { assignSizes } from "./special-sizes.js";
import { tilesParam } from "./tiles.js";

/** Memory of its own that a special kernel needs, as further parameters. */
export function extraParams(
  kernel: SpecialKernel,
  { sortChunk, tileRows, rankChunk, admitsInRounds, sortsItems }: GpuShape,
): Param[] {
  const i32 = (name: string, sizes: readonly number[]): Param => ({
    name,
    dtype: "i32",
    access: "update",
    dims: sizes.map((size, i) => ({ name: `x${i}`, size })),
  });
  if (kernel.op === "scatterAdd") {
    const items = elements(kernel.params[1]!);
    // sorted keys, places within a chunk, items by row; or, of each item, the next one and whether it is the first
    return [sortsItems ? i32("sorting", [3, items]) : i32("next_item", [items, 2])];
  }
  if (kernel.op === "attentionGrad") return [{ ...kernel.params[4]!, name: "delta", access: "update" }];
  if (kernel.op === "assign") return assignParams(kernel);
  if (kernel.op === "rank") return rankChunk ? [{ ...kernel.params[0]!, name: "sorted_keys", access: "update" }] : [];
  // of each edge: its turn, its next choice, whether it was refused
  if (kernel.op === "admit") return admitsInRounds ? [i32("edge_state", [elements(kernel.params[0]!), 3])] : [];
  const sort = sortShape(kernel);
  if (!sort) return [];
  const counts = i32("chunk_counts", [blocks(sort.edges, sortChunk(sort.experts)) + 1, sort.experts]);
  return sort.offsets === undefined ? [counts] : [counts, tilesParam(sort.most, sort.experts, tileRows, "write")];
}

/** What every problem keeps: for each pair of experts the cost of the cheapest move, and which unit moves. */
function assignParams(kernel: SpecialKernel): Param[] {
  const [units, experts] = assignSizes(kernel);
  const dims = [elements(kernel.params[1]!) / units, experts, experts].map((size, i) => ({ name: `x${i}`, size }));
  return [
    { name: "move_cost", dtype: "f32", access: "update", dims },
    { name: "move_unit", dtype: "i32", access: "update", dims },
  ];
}

interface SortShape {
  readonly edges: number;
  /** rows that can be sorted into */
  readonly most: number;
  readonly experts: number;
  /** parameters; those that the op does not have are undefined */
  readonly offsets: number | undefined;
  readonly rows: number | undefined;
  readonly slots: number | undefined;
  readonly load: number | undefined;
  readonly room: number | undefined;
}

/** Parameters: edges; then offsets, rows, slots if sorted (rows, slots if there is fixed room); counts if counted. */
export function sortShape(kernel: SpecialKernel): SortShape | undefined {
  const sorts = kernel.op.includes("partition");
  const counts = kernel.op.includes("histogram");
  const room = kernel.op === "bucket" ? Number(kernel.attributes.room) : undefined;
  if (!sorts && !counts && room === undefined) return undefined;
  const own = kernel.params.filter((p) => p.name !== "chunk_counts" && p.name !== "tiles");
  const whole = own.flatMap((p, i) => (i > 0 && p.dtype === "i32" ? [i] : []));
  const load = own.findIndex((p) => p.dtype === "f32");
  const [offsets, rows, slots] = sorts ? whole : [undefined, ...whole];
  const experts = sorts
    ? elements(own[offsets!]!) - 1
    : room !== undefined
      ? elements(own[rows!]!) / room
      : elements(own[load]!);
  const edges = elements(own[0]!);
  const most = sorts ? elements(own[rows!]!) : edges;
  return { edges, most, experts, offsets, rows, slots, load: load < 0 ? undefined : load, room };
}
