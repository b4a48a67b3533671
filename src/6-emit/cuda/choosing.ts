/** Kernels that choose: ranking keys, letting edges into experts with limited room, assigning units to experts evenly. */
import type { SpecialKernel } from "../../5-plan/plan.js";
import { STATIC_SHARED } from "../../targets/cuda/profiles.js";
import { blocks, elements } from "../gpu/sizes.js";
import { admitSizes, assignSizes, checkExperts, rankSizes } from "../gpu/special-sizes.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

/** Parameters: keys, the place of each, what stands at each place. */
export function rankToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const [key, rank, order] = [0, 1, 2];
  const sizes = rankSizes(kernel);
  const view = {
    ...sizes,
    keyOfI: b.read(key, "i"),
    keyOfJ: b.read(key, "j"),
    order: kernel.params[order]!.name,
    rank: kernel.params[rank]!.name,
  };
  const grid = [blocks(sizes.count, 256), 1, 1] as const;
  const passes = ["clear", "places"].map((each) => ({
    entry: `${kernel.name}_${each}`,
    grid,
    threads: 256,
    shared: 0,
  }));
  return { text: assemble(kernel, "rank", context, view), passes };
}

/** Parameters: edges, their order, room of each expert, perhaps experts of each unit best first, edges that are let in. */
export function admitToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const [edge, order, room] = [0, 1, 2];
  const { ranked, to, ...sizes } = admitSizes(kernel);
  checkExperts("cuda", "limiting room", sizes.experts, 4 * sizes.experts, STATIC_SHARED);
  const view = {
    ...sizes,
    ranked: ranked === undefined ? undefined : kernel.params[ranked]!.name,
    roomOfE: `(int)${b.read(room, "e")}`,
    orderOfI: b.read(order, "i"),
    edge: kernel.params[edge]!.name,
    to: kernel.params[to]!.name,
  };
  const passes = [{ entry: kernel.name, grid: [1, 1, 1] as const, threads: 256, shared: 0 }];
  return { text: assemble(kernel, "admit", context, view), passes };
}

/** Threads of the block that solves one problem. */
const THREADS = 256;

/** Parameters: keys, the expert of each unit, then memory of its own. */
export function assignToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const [key, to, cost, unit] = [0, 1, 2, 3];
  const [units, experts] = assignSizes(kernel);
  const problems = elements(kernel.params[to]!) / units;
  checkExperts("cuda", "assigning units to experts", experts, 24 * (experts + 1) + 8 * THREADS + 4, STATIC_SHARED);
  const keyOf = (expert: string): string => b.read(key, `((long long)blockIdx.x * UNITS + u) * EXPERTS + ${expert}`);
  const view = {
    units,
    experts,
    problems,
    threads: THREADS,
    span: Math.min(experts, THREADS),
    keyOfE: keyOf("e"),
    keyOfHead: keyOf("head"),
    keyOfTail: keyOf("tail"),
    chosen: kernel.params[to]!.name,
    cost: kernel.params[cost]!.name,
    mover: kernel.params[unit]!.name,
  };
  const passes = [{ entry: kernel.name, grid: [problems, 1, 1] as const, threads: THREADS, shared: 0 }];
  return { text: assemble(kernel, "assign", context, view), passes };
}
