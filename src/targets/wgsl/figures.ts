/**
 * What can be said of a WGSL program without running it: dispatches, pipelines, bytes, memory. Counted, not measured;
 * the same on every machine.
 */
import type { KernelPlan } from "../../5-plan/plan.js";
import { launchShare } from "../launch-share.js";
import { POOL, type WgslProgram } from "./program.js";

export interface WgslFigures {
  /** command buffers handed to the queue for one run; the copy of small results is one more */
  readonly submissions: number;
  readonly dispatches: number;
  /** pipelines that all programs together need */
  readonly pipelines: number;
  /** bytes that kernels must read and write at least once, as they are stored; ragged work as if every edge were kept */
  readonly bytes_moved: number;
  readonly flops: number;
  /** GPU buffers, their bytes, the largest, and the one that small tensors share */
  readonly buffers: number;
  readonly peak_bytes: number;
  readonly largest: { readonly bytes: number; readonly tensor: string };
  readonly pool_bytes: number;
  /** bytes sent before a run and brought back after it */
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly storage_buffers: number;
}

/** Figures of one program, usually `train`; results of up to `small` bytes are brought back after every run. */
export function figuresOf(wgsl: WgslProgram, plan: KernelPlan, name: string, small: number): WgslFigures {
  const program = wgsl.programs.find((p) => p.name === name);
  if (!program) throw new Error(`there is no program ${name}`);
  const used = new Set(wgsl.programs.flatMap((p) => p.launches.map((l) => l.kernel)));
  const cost = (what: "flops" | "bytes"): number =>
    program.launches.reduce(
      (sum, { kernel, count }) => sum + wgsl.kernels[kernel]![what] * scale(plan, kernel, count),
      0,
    );
  const inputs = wgsl.buffers.filter((b) => b.role === "input");
  const results = [...new Set(Object.values(program.outputs))].map((i) => wgsl.buffers[i]!.bytes);
  const total = (bytes: readonly number[]): number => bytes.reduce((a, b) => a + b, 0);
  return {
    submissions: 1,
    dispatches: total(program.launches.map((l) => wgsl.kernels[l.kernel]!.passes.length)),
    pipelines: total([...used].map((k) => wgsl.kernels[k]!.passes.length)),
    bytes_moved: cost("bytes"),
    flops: cost("flops"),
    buffers: wgsl.memories.filter((bytes) => bytes > 0).length,
    peak_bytes: total(wgsl.memories),
    largest: { bytes: wgsl.needs.buffer.bytes, tensor: wgsl.needs.buffer.of },
    pool_bytes: wgsl.memories[POOL]!,
    bytes_in: total(inputs.map((b) => b.bytes)),
    bytes_out: total(results.filter((bytes) => bytes <= small)),
    storage_buffers: wgsl.needs.storageBuffers,
  };
}

/** Kernels of the target's own say what one number costs. */
function scale(plan: KernelPlan, kernel: number, count: number | undefined): number {
  const planned = plan.kernels[kernel];
  return planned ? launchShare(planned, count) : (count ?? 1);
}
