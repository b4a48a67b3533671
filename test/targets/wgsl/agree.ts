/// <reference types="@webgpu/types" />
/** Runs one graph in the f64 interpreter and as generated WGSL on the software adapter, and measures how far the results are apart. */
import type { Graph } from "../../../src/3-graph/graph.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import type { Tensor } from "../../../src/3-graph/tensor.js";
import { planPrograms } from "../../../src/5-plan/plan-programs.js";
import { planToWgsl } from "../../../src/6-emit/wgsl/program.js";
import { type Adapter, findAdapter, openDawn } from "../../../src/targets/wgsl/adapter.js";
import { portable, type WgslProfile } from "../../../src/targets/wgsl/limits.js";
import type { WgslBuffer, WgslProgram } from "../../../src/targets/wgsl/program.js";
import { openRunner } from "../../../src/targets/wgsl/runner.js";
import { distance, type Leaves } from "../../numerics/agree.js";

/** The software adapter, or why there is none. */
export const software: Adapter | string = await findAdapter("software").catch((error: Error) => error.message);

if (typeof software === "string") console.warn(`skipped: no WebGPU adapter for tests (${software})`);

const from = { title: "test", spec: "test.moe", hash: "0", version: "0" };

export type Compute = "f32" | "f16";

export function emit(
  graphs: Readonly<Record<string, Graph>>,
  profile: WgslProfile = portable,
  compute: Compute = "f32",
): WgslProgram {
  const plan = planPrograms(graphs, { fusion: { hotRow: 0 } });
  return planToWgsl(plan, { ...from, profile, compute });
}

/** A tensor as the GPU holds it. */
export function stored({ dtype }: WgslBuffer, { data }: Tensor): ArrayBufferView {
  if (dtype === "u8") return Uint8Array.from(data);
  return dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data);
}

export function numbers({ dtype }: WgslBuffer, bytes: Uint8Array): ArrayLike<number> {
  if (dtype === "u8") return bytes;
  return dtype === "i32" ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

let device: Promise<GPUDevice> | undefined;

/** A text without its head, which says whose it is: kernels that differ in nothing else are built once. */
const bodyOf = (code: string): string => code.slice(code.indexOf("*/"));

/** One device for a whole file, with all that the adapter has. Kernels that several designs share are built once. */
async function sharedDevice(): Promise<GPUDevice> {
  const { adapter } = await findAdapter("software");
  const { limits, features } = adapter;
  const gpu = await adapter.requestDevice({
    requiredLimits: { maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage },
    requiredFeatures: [...features].filter((f) => f === "subgroups") as GPUFeatureName[],
  });
  const modules = new Map<string, GPUShaderModule>();
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const make = gpu.createShaderModule.bind(gpu);
  const build = gpu.createComputePipelineAsync.bind(gpu);
  gpu.createShaderModule = (asked) => {
    const body = bodyOf(asked.code);
    const module = modules.get(body) ?? make(asked);
    modules.set(body, module);
    return module;
  };
  gpu.createComputePipelineAsync = (asked) => {
    const [body] = [...modules].find(([, module]) => module === asked.compute.module)!;
    const key = `${asked.compute.entryPoint}\n${body}`;
    const pipeline = pipelines.get(key) ?? build(asked);
    pipelines.set(key, pipeline);
    return pipeline;
  };
  return gpu;
}

/** Whatever opens the software adapter in this process from now on gets the one device of the file, and does not end it. */
export async function shareDevice(): Promise<void> {
  device ??= sharedDevice();
  const gpu = await device;
  gpu.destroy = () => {};
  const dawn = await openDawn("software");
  const ask = dawn.requestAdapter.bind(dawn);
  dawn.requestAdapter = async (options) => {
    const adapter = await ask(options);
    if (adapter) adapter.requestDevice = async () => gpu;
    return adapter;
  };
}

/** Every output and every kept tensor after a run, as bytes, for each of some runs on the same numbers. */
export async function runOnGpu(
  graph: Graph,
  leaves: Leaves,
  profile?: WgslProfile,
  times = 1,
  compute?: Compute,
  change: (code: string) => string = (code) => code,
): Promise<Map<string, Uint8Array>[]> {
  const emitted = emit({ run: graph }, profile, compute);
  const program = { ...emitted, kernels: emitted.kernels.map((k) => ({ ...k, code: change(k.code) })) };
  device ??= sharedDevice();
  const runner = await openRunner(await device, program);
  try {
    const kept = program.buffers.flatMap((b, i) => (b.role === "work" ? [] : [{ name: b.name, buffer: i }]));
    const outputs = Object.entries(program.programs[0]!.outputs).map(([name, buffer]) => ({
      name: `output ${name}`,
      buffer,
    }));
    const asked = [...outputs, ...kept];
    const runs: Map<string, Uint8Array>[] = [];
    for (let i = 0; i < times; i++) {
      for (const { name, buffer } of kept) runner.write(buffer, stored(program.buffers[buffer]!, leaves.get(name)!));
      await runner.run(0);
      const got = await runner.read(asked.map((a) => a.buffer));
      runs.push(new Map(asked.map(({ name }, n) => [name, got[n]!])));
    }
    return runs;
  } finally {
    runner.close();
  }
}

/** Distance of every output and every updated weight between interpreter and generated WGSL. */
export async function compareOnGpu(
  graph: Graph,
  leaves: Leaves,
  profile?: WgslProfile,
  compute?: Compute,
  change?: (code: string) => string,
): Promise<Map<string, number>> {
  const want = interpret(graph, leaves);
  const { buffers, programs } = emit({ run: graph }, profile, compute);
  const [got] = (await runOnGpu(graph, leaves, profile, 1, compute, change)) as [Map<string, Uint8Array>];
  const keptOf = (name: string) => buffers.find((b) => b.name === name && b.role !== "work")!;
  return new Map([
    ...[...want.outputs].map(
      ([name, t]) =>
        [name, distance(t.data, numbers(buffers[programs[0]!.outputs[name]!]!, got.get(`output ${name}`)!))] as const,
    ),
    ...[...want.updates].map(
      ([name, t]) => [`updated ${name}`, distance(t.data, numbers(keptOf(name), got.get(name)!))] as const,
    ),
  ]);
}
