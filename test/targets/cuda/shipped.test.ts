/**
 * Every kernel of every shipped spec, small, on the emulated machine against the interpreter: in f32 the whole training
 * step with its optimiser, in bf16, as specs are shipped, loss, logits, routing and all gradients.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Graph } from "../../../src/3-graph/graph.js";
import { interpret } from "../../../src/3-graph/interpreter.js";
import type { CudaProgram } from "../../../src/targets/cuda/program.js";
import { papers } from "../../designs/papers/index.js";
import type { PaperCase } from "../../designs/papers/paper.js";
import { designOf, type Leaves, leavesOf, programOf } from "../../designs/small.js";
import { distance, leavesOf as leafNodes } from "../../numerics/agree.js";
import { compareEmulated, emit } from "./agree.js";
import { whyNoEmulation } from "./fake.js";
import { together } from "./together.js";

/**
 * Numbers by which no unit is so near a tie, and nothing so near a clamp or a kink, that bf16 decides otherwise. A spec
 * that changes may need others.
 */
const seeds: Readonly<Record<string, string>> = {
  "mh-moe": "9",
  "mh-moe-v2-h2": "1",
  "mh-moe-v2-h3": "11",
  gshard: "1",
  "expert-choice": "1",
  "stable-moe": "1",
  xmoe: "9",
  "deepseek-v2": "1",
  "deepseek-v4": "10",
  "qwen3-moe": "5",
  "grove-moe": "2",
  longcat: "1",
  remoe: "1",
  adamoe: "1",
  "cartesian-moe": "2",
  peer: "5",
  "branch-train-mix": "2",
  base: "3",
  moa: "3",
};

interface Made {
  readonly graph: Graph;
  readonly program: CudaProgram;
}

/** Programs that are built together. */
const GROUPS = 5;
const groups = Array.from({ length: GROUPS }, (_, g) => papers.filter((_paper, i) => i % GROUPS === g));

function build(group: readonly PaperCase[]): Made[] {
  const graphs = group.flatMap((paper) => {
    const design = designOf(paper);
    return [programOf(design, "train"), programOf(design, "trace")];
  });
  const programs = together(graphs.map((graph, i) => emit({ run: graph }, i % 2 === 0 ? "f32" : "bf16")));
  return graphs.map((graph, i) => ({ graph, program: programs[i]! }));
}

/** Momentum is nothing at first, so that after a step it is the gradient; sums of squares are not below nothing. */
function beginning(leaves: Leaves): Leaves {
  for (const [name, { data }] of leaves) {
    if (name.startsWith("adam.m.")) data.fill(0);
    if (name.startsWith("adam.v.")) for (const [i, v] of data.entries()) data[i] = Math.abs(v);
  }
  return leaves;
}

/** Everything learned a little off, up or down, by twice what rounding to bf16 may cost. */
function shaken(graph: Graph, leaves: Leaves): Leaves {
  const learned = new Set(leafNodes(graph).flatMap(({ op }) => (op.kind === "param" ? [op.name] : [])));
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state < 2 ** 31 ? 1 : -1;
  };
  const moved = [...leaves].map(([name, t]) => {
    if (!learned.has(name)) return [name, t] as const;
    return [name, { ...t, data: Float64Array.from(t.data, (v) => v * (1 + next() / 256)) }] as const;
  });
  return new Map(moved);
}

/** How far results move when what is learned is shaken: what they are worth in bf16. */
function worthOf(graph: Graph, leaves: Leaves): Map<string, number> {
  const [still, moved] = [interpret(graph, leaves), interpret(graph, shaken(graph, leaves))];
  return new Map([...still.outputs].map(([name, t]) => [name, distance(t.data, moved.outputs.get(name)!.data)]));
}

describe.skipIf(whyNoEmulation !== undefined).each(groups)("shipped specs in CUDA, with $spec", (...group) => {
  let made: readonly Made[] = [];
  const of = (paper: PaperCase, nth: number): Made => made[2 * group.indexOf(paper) + nth]!;
  beforeAll(() => {
    made = build(group);
  });
  it.each(group)("$spec: one training step in f32", async (paper) => {
    const { graph, program } = of(paper, 0);
    const far = await compareEmulated(graph, beginning(leavesOf(graph, paper)), "f32", program);
    expect([...far.keys()].filter((name) => name.startsWith("updated adam.m.")).length).toBeGreaterThan(5);
    expect([...far].filter(([, d]) => !(d < 1e-4))).toEqual([]);
  });
  it.each(group)("$spec: forward and backward in bf16", async (paper) => {
    const { graph, program } = of(paper, 1);
    expect(program.kernels.some((k) => k.tensor)).toBe(true);
    const leaves = leavesOf(graph, paper, undefined, seeds[paper.spec]);
    const far = await compareEmulated(graph, leaves, "bf16", program);
    const worth = worthOf(graph, leaves);
    const whole = [...graph.outputs].flatMap(([name, { dtype }]) => (dtype === "f32" ? [] : [name]));
    expect(whole.filter((name) => far.get(name) !== 0 || worth.get(name) !== 0)).toEqual([]);
    expect([...far].filter(([name, d]) => !(d < 4 * Math.max(0.005, worth.get(name) ?? 0)))).toEqual([]);
    // and it is bf16: a test that f32 would pass as well shows nothing
    expect(Math.max(...far.values())).toBeGreaterThan(1e-4);
  });
});
