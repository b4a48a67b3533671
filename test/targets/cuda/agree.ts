/** Runs one graph in the f64 interpreter and as generated CUDA on the emulated machine, and measures how far the results are apart. */
import type { Graph } from "../../../src/3-graph/graph.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import type { Tensor } from "../../../src/3-graph/tensor.js";
import { planPrograms } from "../../../src/5-plan/plan-programs.js";
import type { Schedule } from "../../../src/6-emit/cuda/hopper/tiles.js";
import { planToCuda } from "../../../src/6-emit/cuda/program.js";
import { openCuda } from "../../../src/targets/cuda/device.js";
import type { CudaBuffer, CudaProgram, Tier } from "../../../src/targets/cuda/program.js";
import { distance, type Leaves } from "../../numerics/agree.js";
import "./fake.js";

const from = { title: "test", spec: "test.moe", hash: "0", version: "0" };

export function emit(
  graphs: Readonly<Record<string, Graph>>,
  compute: "f32" | "bf16" = "f32",
  tier: Tier = "portable",
  multiprocessors?: number,
  schedule?: Schedule,
): CudaProgram {
  const options = {
    ...from,
    compute,
    tier,
    ...(multiprocessors && { multiprocessors }),
    ...(schedule && { schedule }),
  };
  return planToCuda(planPrograms(graphs, { fusion: { hotRow: 0 } }), options);
}

/** A tensor as the GPU holds it. */
function stored({ dtype }: CudaBuffer, { data }: Tensor): ArrayBufferView {
  if (dtype === "u8") return Uint8Array.from(data);
  return dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data);
}

export function numbers({ dtype }: CudaBuffer, bytes: Uint8Array): ArrayLike<number> {
  if (dtype === "u8") return bytes;
  return dtype === "i32" ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

/** Every output and every kept tensor after one run, as bytes. `backwards`: blocks and threads take their turns from the last to the first. */
export async function runEmulated(
  program: CudaProgram,
  leaves: Leaves,
  backwards = false,
): Promise<Map<string, Uint8Array>> {
  if (program.tier === "hopper") process.env.FAKE_CUDA_HOPPER = "1";
  else delete process.env.FAKE_CUDA_HOPPER;
  const device = await openCuda(program);
  process.env.FAKE_CUDA_BACKWARDS = backwards ? "1" : "0";
  try {
    const kept = program.buffers.flatMap((b, i) =>
      b.role === "work" || b.dtype === "bf16" ? [] : [{ name: b.name, buffer: i }],
    );
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

/** Distance of every output and every updated weight between interpreter and generated CUDA. */
export async function compareEmulated(
  graph: Graph,
  leaves: Leaves,
  compute: "f32" | "bf16" = "f32",
  program = emit({ run: graph }, compute),
): Promise<Map<string, number>> {
  const want = interpret(graph, leaves);
  const { buffers, programs } = program;
  const got = await runEmulated(program, leaves);
  const keptOf = (name: string): CudaBuffer => buffers.find((b) => b.name === name && b.role !== "work")!;
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
