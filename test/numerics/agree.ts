/** Runs one graph in the f64 interpreter and as generated C, and measures how far the results are apart. */
import { afterAll, beforeAll, vi } from "vitest";
import type { Graph, Node } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import type { Buffer, KernelPlan } from "../../src/5-plan/plan.js";
import { planPrograms } from "../../src/5-plan/plan-programs.js";
import { planToC } from "../../src/6-emit/cpu/program.js";
import { type Device, floats, ints } from "../../src/runtime/device.js";
import { type CpuKind, chooseBuild, openCpu } from "../../src/targets/cpu/device.js";

/** How generated C is built on this machine: natively where a compiler works, otherwise to WebAssembly. */
export const built: CpuKind = (await chooseBuild()).kind;

/** Says that the programs of a test file are built as users get them, not quickly as in the other tests. */
export function asShipped(): void {
  beforeAll(() => {
    vi.stubEnv("MOEC_CFLAGS", "");
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });
}

export type Leaves = ReadonlyMap<string, Tensor>;

export const leavesOf = (graph: Graph): Node[] => graph.nodes.filter((n) => "name" in n.op);

/** f32 values for every weight and input that has none yet; a small deterministic generator. */
export function randomLeaves(graph: Graph, given: Leaves, seed = 1, scale = 0.5): Leaves {
  const leaves = new Map(given);
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  for (const node of leavesOf(graph)) {
    const name = (node.op as { name: string }).name;
    const v = node.outputs[0]!;
    if (leaves.has(name)) continue;
    if (v.dtype !== "f32") throw new Error(`${name} needs a value`);
    const size = v.axes.reduce((n, a) => n * a.size, 1);
    const values = Array.from({ length: size }, () => Math.fround((next() + next() + next()) * 2 * scale));
    leaves.set(
      name,
      tensor(v.axes, node.op.kind === "state" ? values.map(() => (node.op as { init: number }).init) : values),
    );
  }
  return leaves;
}

export interface Built {
  readonly plan: KernelPlan;
  readonly device: Device;
  readonly names: readonly string[];
}

export async function build(graphs: Readonly<Record<string, Graph>>, force: CpuKind, threads = 2): Promise<Built> {
  const plan = planPrograms(graphs, { fusion: { hotRow: 65_536, gradientsTogether: true } });
  const c = planToC(plan, { title: "test", spec: "test.moe", hash: "0", version: "0" });
  const device = await openCpu({ source: c.source, headers: c.headers, bytes: c.arenaBytes(threads), threads, force });
  return { plan, device, names: c.programs };
}

export function write(device: Device, buffer: Buffer, value: Tensor): void {
  if (buffer.dtype === "u8") device.region(buffer.offset, value.data.length).set(value.data as Uint8Array);
  else if (buffer.dtype === "i32") ints(device, buffer.offset, value.data.length).set(value.data);
  else floats(device, buffer.offset, value.data.length).set(value.data);
}

export function read(device: Device, buffer: Buffer): ArrayLike<number> {
  const count = buffer.bytes / (buffer.dtype === "u8" ? 1 : 4);
  return buffer.dtype === "i32" ? ints(device, buffer.offset, count) : floats(device, buffer.offset, count);
}

/** Largest difference of two arrays, relative to the largest magnitude of the first. */
export function distance(want: ArrayLike<number>, got: ArrayLike<number>): number {
  let top = 1e-6;
  let far = 0;
  for (let i = 0; i < want.length; i++) {
    top = Math.max(top, Math.abs(want[i]!));
    const d = Math.abs(want[i]! - got[i]!);
    far = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(far, d);
  }
  return far / top;
}

/** Distance of every output and every updated weight between interpreter and generated C. */
export async function compare(graph: Graph, leaves: Leaves, force: CpuKind, threads = 2): Promise<Map<string, number>> {
  const want = interpret(graph, leaves);
  const { plan, device } = await build({ run: graph }, force, threads);
  try {
    for (const b of plan.buffers) if (b.role !== "work") write(device, b, leaves.get(b.name)!);
    await device.run(0);
    const far = new Map<string, number>();
    for (const [name, t] of want.outputs)
      far.set(name, distance(t.data, read(device, plan.buffers[plan.programs[0]!.outputs[name]!]!)));
    for (const [name, t] of want.updates) {
      const b = plan.buffers.find((x) => x.name === name && x.role !== "work")!;
      far.set(`updated ${name}`, distance(t.data, read(device, b)));
    }
    return far;
  } finally {
    await device.close();
  }
}
