/** The update of a step against a hand-written loop, over several steps; and a small model that learns. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/3-graph/interpreter.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { designOf, type Leaves, leavesOf, programOf, type Words } from "./whole/designs.js";

const words: Words = {
  layers: 1,
  router: "score linear\ngate softmax\nselect top(2) per token\nweight gate\nlimit none\nbalance switch(0.01)",
};
const learning = { lr: 1e-2, b1: 0.9, b2: 0.95, eps: 1e-8, warmup: 4, steps: 20, to: 0.1 };

/** lr(s): warm-up (s+1)/w, then half a cosine from 1 to 10 % over the remaining steps. */
function rateAt(s: number): number {
  const { lr, warmup, steps, to } = learning;
  if (s < warmup) return (lr * (s + 1)) / warmup;
  return lr * (to + (1 - to) * 0.5 * (1 + Math.cos((Math.PI * (s - warmup)) / (steps - warmup))));
}

const noDecay = (name: string): boolean => /router|norm|embed/.test(name);

describe("a training step", () => {
  const design = designOf(words);
  const train = programOf(design, "train");
  const trace = programOf(design, "trace");

  it("is AdamW on the gradients of the trace, clipped by their common norm", () => {
    const leaves = leavesOf(train);
    const m = new Map<string, number[]>();
    const v = new Map<string, number[]>();
    const mine: Leaves = new Map(leaves);
    for (const step of [0, 1, 2, 5, 12]) {
      leaves.set("step", tensor([], [step]));
      const { updates, outputs } = interpret(train, leaves);
      const grads = new Map([...interpret(trace, new Map(mine)).outputs].filter(([name]) => name.startsWith("grad.")));
      const norm = Math.sqrt(
        [...grads.values()].reduce((sum, g) => sum + Array.from(g.data).reduce((s, x) => s + x * x, 0), 0),
      );
      expect(outputs.get("grad_norm")!.data[0]).toBeCloseTo(norm, 10);
      expect(outputs.get("lr")!.data[0]).toBeCloseTo(rateAt(step), 14);
      for (const [name, t] of updates) leaves.set(name, t);
      for (const [key, grad] of grads) byHand(key.slice(5), grad, Math.min(1, 1 / norm), step);
      for (const name of m.keys())
        expect(worst(mine.get(name)!, leaves.get(name)!), `${name} at step ${step}`).toBeLessThan(1e-12);
    }

    function byHand(name: string, grad: Tensor, clip: number, step: number): void {
      const { b1, b2, eps } = learning;
      const w = mine.get(name)!;
      const [first, second] = [m, v].map((kept) => kept.get(name) ?? new Array<number>(grad.data.length).fill(0)) as [
        number[],
        number[],
      ];
      const next = Array.from(w.data, (old, i) => {
        const g = grad.data[i]! * clip;
        first[i] = b1 * first[i]! + (1 - b1) * g;
        second[i] = b2 * second[i]! + (1 - b2) * g * g;
        const move = first[i]! / (1 - b1 ** (step + 1)) / (Math.sqrt(second[i]! / (1 - b2 ** (step + 1))) + eps);
        return old - rateAt(step) * (move + (noDecay(name) ? 0 : 0.1) * old);
      });
      m.set(name, first);
      v.set(name, second);
      mine.set(name, tensor(w.axes, next));
    }
  });

  it("updates every weight and both of its moments, nothing else", () => {
    const names = train.nodes.flatMap(({ op }) => (op.kind === "param" ? [op.name] : []));
    const updated = train.updates.map(({ target }) => (target.node.op as { name: string }).name);
    expect([...updated].sort()).toEqual(names.flatMap((n) => [n, `adam.m.${n}`, `adam.v.${n}`]).sort());
  });
});

describe("training", () => {
  it.each(["one-hot", "sorted-grouped"])("learns the tokens it sees, dispatched as %s", (strategy) => {
    const graph = programOf(designOf(words), "train", strategy);
    const leaves = leavesOf(graph);
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) {
      leaves.set("step", tensor([], [step]));
      const { outputs, updates } = interpret(graph, leaves);
      losses.push(outputs.get("cross_entropy")!.data[0]!);
      for (const [name, t] of updates) leaves.set(name, t);
    }
    expect(losses.at(-1)).toBeLessThan(0.75 * losses[0]!);
  });
});

describe("load-balance bias", () => {
  const biased: Words = {
    layers: 1,
    router:
      "score linear\ngate sigmoid\nbias load_balance(rate: 1e-3, step: sign)\nselect top(1) per token\nweight gate",
  };
  const bias = "layers.0.mixture.router.load_bias";
  const biasAfter = (program: "train" | "evaluate" | "trace") => {
    const graph = programOf(designOf(biased), program);
    const run = interpret(graph, leavesOf(graph));
    return { moved: run.updates.get(bias), load: run.outputs.get("layers.0.mixture.load") };
  };

  it("moves towards experts with less than their share", () => {
    const { moved, load } = biasAfter("train");
    const mean = Array.from(load!.data).reduce((a, b) => a + b, 0) / 4;
    const want = Array.from(load!.data, (n) => 1e-3 * Math.sign(mean - n));
    expect(Array.from(moved!.data)).toEqual(want);
    expect(want.some((x) => x !== 0)).toBe(true);
  });

  it("stays where it is unless the model trains", () => {
    expect(biasAfter("evaluate").moved).toBeUndefined();
    expect(biasAfter("trace").moved).toBeUndefined();
  });

  it("chooses, but does not weigh", () => {
    const graph = programOf(designOf(biased), "trace");
    const leaves = leavesOf(graph);
    leaves.set(bias, tensor([{ name: "E", size: 4 }], [0, 0, 100, 0]));
    const { outputs } = interpret(graph, leaves);
    expect(new Set(outputs.get("layers.0.mixture.edges.expert")!.data)).toEqual(new Set([2]));
    expect(Math.max(...outputs.get("layers.0.mixture.edges.weight")!.data)).toBeLessThan(1);
  });
});

function worst(a: Tensor, b: Tensor): number {
  return Array.from(a.data).reduce((far, x, i) => Math.max(far, Math.abs(x - b.data[i]!)), 0);
}
