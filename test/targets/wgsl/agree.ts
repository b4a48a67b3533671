/** Runs one graph in the f64 interpreter and as generated WGSL on the software adapter, and measures how far the results are apart. */
import type { Graph } from "../../../src/3-graph/graph.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import type { Tensor } from "../../../src/3-graph/tensor.js";
import { planPrograms } from "../../../src/5-plan/plan-programs.js";
import { planToWgsl } from "../../../src/6-emit/wgsl/program.js";
import { type Adapter, findAdapter } from "../../../src/targets/wgsl/adapter.js";
import { openWgsl } from "../../../src/targets/wgsl/device.js";
import { portable, type WgslProfile } from "../../../src/targets/wgsl/limits.js";
import type { WgslBuffer, WgslProgram } from "../../../src/targets/wgsl/program.js";
import { distance, type Leaves } from "../../numerics/agree.js";

/** The software adapter, or why there is none. */
export const software: Adapter | string = await findAdapter("software").catch((error: Error) => error.message);

if (typeof software === "string") console.warn(`skipped: no WebGPU adapter for tests (${software})`);

const from = { title: "test", spec: "test.moe", hash: "0", version: "0" };

export function emit(graphs: Readonly<Record<string, Graph>>, profile: WgslProfile = portable): WgslProgram {
  const plan = planPrograms(graphs, { fusion: { hotRow: 0 } });
  return planToWgsl(plan, { ...from, profile });
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

/** Every output and every kept tensor after one run, as bytes. */
export async function runOnGpu(graph: Graph, leaves: Leaves, profile?: WgslProfile): Promise<Map<string, Uint8Array>> {
  const program = emit({ run: graph }, profile);
  const device = await openWgsl(program, await findAdapter("software"));
  try {
    const kept = program.buffers.flatMap((b, i) => (b.role === "work" ? [] : [{ name: b.name, buffer: i }]));
    for (const { name, buffer } of kept) device.write(buffer, stored(program.buffers[buffer]!, leaves.get(name)!));
    await device.run(0);
    const outputs = Object.entries(program.programs[0]!.outputs).map(([name, buffer]) => ({
      name: `output ${name}`,
      buffer,
    }));
    const asked = [...outputs, ...kept];
    const got = await device.read(asked.map((a) => a.buffer));
    return new Map(asked.map(({ name }, i) => [name, got[i]!]));
  } finally {
    device.close();
  }
}

/** Distance of every output and every updated weight between interpreter and generated WGSL. */
export async function compareOnGpu(graph: Graph, leaves: Leaves, profile?: WgslProfile): Promise<Map<string, number>> {
  const want = interpret(graph, leaves);
  const { buffers, programs } = emit({ run: graph }, profile);
  const got = await runOnGpu(graph, leaves, profile);
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
