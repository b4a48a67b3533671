/**
 * What can be said of a CUDA program without running it: launches, bytes, operations, memory, and how long a step takes at
 * least on a named GPU. Counted and computed, not measured; the same on every machine.
 */
import type { KernelPlan } from "../../5-plan/plan.js";
import { launchShare } from "../launch-share.js";
import { estimate } from "./estimate.js";
import type { CudaProfile } from "./profiles.js";
import type { CudaProgram } from "./program.js";

export interface CudaFigures {
  /** launches of the plan for one run, and nodes of the graph that is launched once for it */
  readonly launches: number;
  readonly graph_nodes: number;
  /** functions that all programs together need */
  readonly functions: number;
  /** bytes that kernels must read and write at least once, as they are stored; ragged work as if every edge were kept */
  readonly bytes_moved: number;
  readonly flops: number;
  /** of these, on tensor cores */
  readonly tensor_flops: number;
  /** bytes of GPU memory, and of it what is kept between runs */
  readonly peak_bytes: number;
  readonly kept_bytes: number;
  /** bytes sent before a run and brought back after it, results above `small` left out */
  readonly bytes_in: number;
  readonly bytes_out: number;
  /** the GPU, and milliseconds of a run there if every launch took what its operations or its bytes take at least */
  readonly gpu: string;
  readonly roof_ms: number;
  /** of these, where bytes take longer than operations */
  readonly memory_bound_ms: number;
}

/** Figures of one program, usually `train`. `plan`: the plan that `cuda` was made from. */
export function cudaFigures(
  cuda: CudaProgram,
  plan: KernelPlan,
  name: string,
  gpu: CudaProfile,
  small: number,
): CudaFigures {
  const program = cuda.programs.find((p) => p.name === name);
  if (!program) throw new Error(`there is no program ${name}`);
  const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const costs = program.launches.map(({ kernel, count }) => {
    const { flops, bytes, tensor } = cuda.kernels[kernel]!;
    const planned = plan.kernels[kernel];
    const share = planned ? launchShare(planned, count) : 1;
    const cost = { flops: flops * share, bytes: bytes * share, tensor };
    return { ...cost, roof: estimate(cost, gpu) };
  });
  const results = [...new Set(Object.values(program.outputs))].map((i) => cuda.buffers[i]!.bytes);
  return {
    launches: program.launches.length,
    graph_nodes: total(program.launches.map((l) => cuda.kernels[l.kernel]!.passes.length)),
    functions: new Set(cuda.kernels.flatMap((k) => k.passes.map((p) => p.entry))).size,
    bytes_moved: total(costs.map((c) => c.bytes)),
    flops: total(costs.map((c) => c.flops)),
    tensor_flops: total(costs.map((c) => (c.tensor ? c.flops : 0))),
    peak_bytes: cuda.arena,
    kept_bytes: total(cuda.buffers.filter((b) => b.role !== "work").map((b) => b.bytes)) - copiesTwice(cuda),
    bytes_in: total(cuda.buffers.filter((b) => b.role === "input").map((b) => b.bytes)),
    bytes_out: total(results.filter((bytes) => bytes <= small)),
    gpu: gpu.name,
    roof_ms: total(costs.map((c) => c.roof.microseconds)) / 1000,
    memory_bound_ms: total(costs.map((c) => (c.roof.bound === "memory" ? c.roof.microseconds : 0))) / 1000,
  };
}

/** Weights' copies in bf16 lie inside one tensor that is listed as well. */
const copiesTwice = ({ buffers }: CudaProgram): number =>
  buffers.reduce(
    (n, b) => n + (b.role === "state" && b.dtype === "bf16" && b.name !== "weights.bf16" ? b.bytes : 0),
    0,
  );
