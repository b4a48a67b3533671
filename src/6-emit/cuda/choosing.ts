/** Kernels that choose: ranking keys, letting edges into experts with limited room, assigning units to experts evenly. */
import type { SpecialKernel } from "../../5-plan/plan.js";
import { STATIC_SHARED } from "../../targets/cuda/profiles.js";
import type { CudaPass } from "../../targets/cuda/program.js";
import { blocks, elements } from "../gpu/sizes.js";
import { admitSizes, assignSizes, checkExperts, rankSizes } from "../gpu/special-sizes.js";
import { accessTo, assemble, type Context, type CudaText } from "./view.js";

/** Threads of a block at most. */
export const MOST_THREADS = 1024;

/** Threads of a block for so many numbers: whole warps. */
export const threadsFor = (count: number): number => Math.min(MOST_THREADS, 32 * blocks(count, 32));

/** Parameters: keys, the place of each, what stands at each place, then keys sorted in chunks. */
export function rankToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const [key, rank, order, sorted] = [0, 1, 2, 3];
  const sizes = rankSizes(kernel);
  const chunk = threadsFor(sizes.size);
  const chunks = blocks(sizes.size, chunk);
  const view = {
    ...sizes,
    chunk,
    chunks,
    keyOfI: b.read(key, "i"),
    order: kernel.params[order]!.name,
    rank: kernel.params[rank]!.name,
    sorted: kernel.params[sorted]!.name,
  };
  const pass = (each: string, count: number): CudaPass => ({
    entry: `${kernel.name}_${each}`,
    grid: [count, 1, 1],
    threads: chunk,
    shared: 0,
  });
  const passes = [pass("chunks", sizes.rows * chunks), pass("places", blocks(sizes.count, chunk))];
  return { text: assemble(kernel, "rank", context, view), passes };
}

/** Parameters: edges, their order, room of each expert, perhaps experts of each unit best first, edges that are let in, state. */
export function admitToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const [edge, order, room] = [0, 1, 2];
  const { ranked, to, ...sizes } = admitSizes(kernel);
  const bytesFor = (threads: number): number => 4 * (sizes.experts * (1 + threads / 32) + threads / 32);
  let threads = threadsFor(sizes.edges);
  while (threads > 32 && bytesFor(threads) > STATIC_SHARED) threads = 32 * Math.ceil(threads / 64);
  checkExperts("cuda", "limiting room", sizes.experts, bytesFor(threads), STATIC_SHARED);
  const view = {
    ...sizes,
    threads,
    ranked: ranked === undefined ? undefined : kernel.params[ranked]!.name,
    roomOfExpert: `(int)${b.read(room, "expert")}`,
    orderOfI: b.read(order, "i"),
    edge: kernel.params[edge]!.name,
    to: kernel.params[to]!.name,
    state: kernel.params[to + 1]!.name,
  };
  const passes = [{ entry: kernel.name, grid: [1, 1, 1] as const, threads, shared: 0 }];
  return { text: assemble(kernel, "admit", context, view), passes };
}

/** Units that one thread looks at for the cheapest move between two experts, and the fewest threads of a block. */
const UNITS_OF_THREAD = 64;
const FEWEST_THREADS = 128;

/** Threads of the block that solves one problem: few where shared memory is needed for experts. */
function assignThreads(units: number, experts: number): number {
  if (experts > MOST_THREADS / 2) return 2 * FEWEST_THREADS;
  return Math.max(FEWEST_THREADS, threadsFor(experts * blocks(units, UNITS_OF_THREAD)));
}

/** Parameters: keys, the expert of each unit, then memory of its own. */
export function assignToCuda(kernel: SpecialKernel, context: Context): CudaText {
  const b = accessTo(kernel.params, context);
  const [key, to, cost, unit] = [0, 1, 2, 3];
  const [units, experts] = assignSizes(kernel);
  const problems = elements(kernel.params[to]!) / units;
  const threads = assignThreads(units, experts);
  checkExperts("cuda", "assigning units to experts", experts, 24 * (experts + 1) + 8 * threads + 4, STATIC_SHARED);
  const keyOf = (expert: string): string => b.read(key, `((long long)blockIdx.x * UNITS + u) * EXPERTS + ${expert}`);
  const view = {
    units,
    experts,
    problems,
    threads,
    span: Math.min(experts, threads),
    keyOfE: keyOf("e"),
    keyOfHead: keyOf("head"),
    keyOfTail: keyOf("tail"),
    chosen: kernel.params[to]!.name,
    cost: kernel.params[cost]!.name,
    mover: kernel.params[unit]!.name,
  };
  const passes = [{ entry: kernel.name, grid: [problems, 1, 1] as const, threads, shared: 0 }];
  return { text: assemble(kernel, "assign", context, view), passes };
}
