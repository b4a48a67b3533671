/** Many graphs as one generated program: one build for all of them. */
import type { Graph } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { rewrite } from "../../src/3-graph/rewrite.js";
import type { Tensor } from "../../src/3-graph/tensor.js";
import type { CpuKind } from "../../src/targets/cpu/device.js";
import { build, distance, type Leaves, read, write } from "./agree.js";

export interface Case {
  readonly name: string;
  readonly graph: Graph;
  readonly leaves: Leaves;
}

/** The graph with every leaf under a name of its own, so that it can stand beside others in one plan. */
export function withPrefix(name: string, graph: Graph, leaves: ReadonlyMap<string, Tensor>): Case {
  const renamed = rewrite(graph, (g, node, inputs) =>
    "name" in node.op ? g.add({ ...node.op, name: `of_${name}.${node.op.name}` }, inputs, node.outputs) : undefined,
  );
  const single = ([leaf, t]: readonly [string, Tensor]): [string, Tensor] => [
    `of_${name}.${leaf}`,
    // the device computes in f32
    t.dtype === "f32" ? { ...t, data: Float64Array.from(t.data, Math.fround) } : t,
  ];
  return { name, graph: renamed, leaves: new Map([...leaves].map(single)) };
}

/**
 * A gradient below this share of the largest one is mostly what rounding leaves where exact numbers cancel, as in the
 * gradient of a scale that a loss does not depend on: 2e-4 of it is 1e-6 of the largest, a few roundings of f32.
 */
const NOTHING = 5e-3;
const isGradient = (name: string): boolean => name.startsWith("grad.");
const top = (data: ArrayLike<number>): number =>
  Array.from(data).reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6);

/** Distance of every output and update of every case between interpreter and generated C. */
export async function compareAll(cases: readonly Case[], force: CpuKind): Promise<ReadonlyMap<string, number>> {
  const { plan, device } = await build(Object.fromEntries(cases.map(({ name, graph }) => [name, graph])), force);
  const far = new Map<string, number>();
  try {
    for (const [i, { name, graph, leaves }] of cases.entries()) {
      const want = interpret(graph, leaves);
      const least =
        NOTHING * Math.max(0, ...[...want.outputs].map(([output, t]) => (isGradient(output) ? top(t.data) : 0)));
      for (const b of plan.buffers) {
        const leaf = b.role === "work" ? undefined : leaves.get(b.name);
        if (leaf) write(device, b, leaf);
      }
      await device.run(i);
      for (const [output, t] of want.outputs)
        far.set(
          `${name} ${output}`,
          distance(t.data, read(device, plan.buffers[plan.programs[i]!.outputs[output]!]!)) *
            (isGradient(output) ? Math.min(1, top(t.data) / least || 0) : 1),
        );
      for (const [target, t] of want.updates) {
        const b = plan.buffers.find((each) => each.name === target && each.role !== "work")!;
        far.set(`${name} updated ${target}`, distance(t.data, read(device, b)));
      }
    }
    return far;
  } finally {
    await device.close();
  }
}
