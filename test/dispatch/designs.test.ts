/** Whole designs, from text to gradients: every legal strategy and every rewrite gives what the oracle gives. */
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { differentiate } from "../../src/3-graph/gradient.js";
import type { Graph } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { verify } from "../../src/3-graph/verify.js";
import { type DispatchOptions, dispatch } from "../../src/4-dispatch/dispatch.js";
import { routerRewrites } from "../../src/4-dispatch/rewrites/index.js";
import { noise, randomTensor } from "../graph/run.js";
import { designOf, type Spec, trainingGraph } from "./router.js";

const masked = `
  score linear
  mask Visible[token_id]
  gate softmax over visible
  select top(1) per token
  weight gate
  limit none
  balance switch(0.01) over visible`;
const tiers = "tier frequent when (coverage <= 70%) sees 3\ntier rare otherwise sees 1";
const routed = (lines: string) => `score linear\ngate softmax\n${lines}\nweight gate`;

const specs: Readonly<Record<string, Spec>> = {
  MaskMoE: { tiers, router: masked },
  "MaskMoE with a z_loss": { tiers, router: `${masked}\nbalance z_loss(1e-3)` },
  "MaskMoE with a z_loss over visible": { tiers, router: `${masked}\nbalance z_loss(1e-3) over visible` },
  "MaskMoE, two experts": { tiers, router: masked.replace("top(1)", "top(2)") },
  "every token sees one": { tiers: "tier all otherwise sees 1", router: masked.replace(/\n.*balance.*/, "") },
  "experts choose among tokens that see one": {
    tiers: "tier all otherwise sees 1",
    router:
      'score linear\nmask Visible[token_id]\ngate softmax\nselect top(capacity(0.5)) per expert within batch\nweight gate\nallow lookahead because "test"',
  },
  "hash layer": { tiers: "tier all otherwise sees 1", router: "select Visible[token_id]\nweight one" },
  "MaskMoE that chooses by a bias": {
    tiers,
    router: masked.replace("select", "bias load_balance(rate: 1e-3, step: sign)\nselect"),
  },
  "MaskMoE with a loss per sequence": { tiers, router: masked.replace(/balance .*/, "balance sequence(1e-4)") },
  "MaskMoE with two scores": {
    tiers,
    router: masked.replace("score linear", "score linear\nscore mlp(hidden: 3, act: tanh)"),
  },
  "MaskMoE with a bias in the score": { tiers, router: masked.replace("score linear", "score linear(bias)") },
  "MaskMoE with noise": { tiers, router: masked.replace("mask", "noise jitter(10%) while training\nmask") },
  "MaskMoE with all losses": {
    tiers,
    router: masked.replace(
      /balance .*/,
      "balance gshard(0.01) over visible\nbalance importance(0.1)\nbalance mutual_information(0.1)",
    ),
  },
  "top 2": { router: `${routed("select top(2) per token")}\nbalance switch(0.01)` },
  capacity: { router: `${routed("select top(2) per token")}\nlimit capacity(1.0) else drop\nbalance switch(0.01)` },
  "a capacity that ends": {
    router: `${routed("select top(2) per token until step(1)\nselect top(1) per token from step(1)")}\nlimit capacity(0.5) else drop from step(1)\nbalance switch(0.01)`,
  },
  "all experts": { router: routed("select all") },
  "copies and zeros": {
    router: `${routed("select top(2) per token")}\nbalance switch(0.01)`,
    experts: "experts 4 of swiglu(hidden: 5)\n  experts 1 of copy\n  experts 1 of zero",
  },
};

const most = (design: Design): number =>
  Math.max(...Object.values(design.tables).flatMap(({ tiers: all }) => all.map(({ sees }) => sees)));

/** Tokens of the frequent tier see three experts, the others one. */
function visible(design: Design): Tensor["data"] {
  const sees = (v: number) => (most(design) > 1 && v % 3 === 0 ? [v % 6, (v + 1) % 6, (v + 4) % 6] : [(v * 5) % 6]);
  return Uint8Array.from({ length: 72 }, (_, i) => Number(sees(Math.floor(i / 6)).includes(i % 6)));
}

/** [V, n]: the experts that each token sees, −1 where it sees fewer. */
function seenBy(table: Tensor["data"], most: number): number[] {
  return Array.from({ length: 12 }, (_, v) => {
    const seen = Array.from(table.slice(v * 6, v * 6 + 6)).flatMap((one, e) => (one === 1 ? [e] : []));
    return Array.from({ length: most }, (__, i) => seen[i] ?? -1);
  }).flat();
}

/** The same, −1 throughout where there is one. */
function choicesOf(table: Tensor["data"], most: number): number[] {
  const seen = seenBy(table, most);
  return seen.map((e, i) => (seen[i - (i % most) + 1] === -1 ? -1 : e));
}

/** Numbers for everything a graph is given from outside. */
function leavesOf(design: Design, graph: Graph): ReadonlyMap<string, Tensor> {
  const next = noise(11);
  const table = visible(design);
  return new Map(
    graph.nodes.flatMap(({ op, outputs }): [string, Tensor][] => {
      if (!("name" in op)) return [];
      const { axes, dtype } = outputs[0]!;
      const size = axes.reduce((n, axis) => n * axis.size, 1);
      if (dtype === "f32") return [[op.name, randomTensor(axes, next)]];
      if (dtype === "u8") {
        const listed = [axes[0]!, { name: "L", size: most(design) }];
        return [
          [op.name, tensor(axes, Array.from(table), dtype)],
          [`${op.name}.experts`, tensor(listed, seenBy(table, most(design)), "i32")],
          [`${op.name}.choices`, tensor(listed, choicesOf(table, most(design)), "i32")],
        ];
      }
      if (op.kind === "data") return [[op.name, tensor(axes, seenBy(table, axes[1]!.size), dtype)]];
      return [
        [
          op.name,
          tensor(
            axes,
            Array.from({ length: size }, (_, t) => (t * 7 + 2) % 12),
            dtype,
          ),
        ],
      ];
    }),
  );
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!) / Math.max(1, Math.abs(v))), 0);

/** Loss, loads and gradients. */
function run(design: Design, graph: Graph, leaves: ReadonlyMap<string, Tensor>, options: DispatchOptions) {
  const dispatched = dispatch(graph, design, options);
  return { ...dispatched, outputs: interpret(verify(differentiate(dispatched.graph)), leaves).outputs };
}

const without = routerRewrites.map(({ name }) => name);

describe.each(Object.entries(specs))("%s", (_, spec) => {
  const design = designOf(spec);
  const graph = trainingGraph(design, 2, 8);
  const leaves = leavesOf(design, graph);
  const oracle = run(design, graph, leaves, { without, strategies: { Mixture: "one-hot" } });
  const legal = oracle.choices[0]!.losers.filter(({ cost }) => cost !== undefined).map(({ name }) => name);

  const agrees = (options: DispatchOptions) => {
    const got = run(design, graph, leaves, options).outputs;
    const wrong = [...oracle.outputs].filter(([name, { data }]) => {
      const other = got.get(name)?.data ?? (name.startsWith("grad.") ? data.map(() => 0) : []);
      return !(far(data, other) < 1e-10);
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
  };

  it.each(legal)("%s", (strategy) => agrees({ without, strategies: { Mixture: strategy } }));
  it("all rewrites, the cheapest strategy", () => agrees({ always: without }));
  it.each(without)("%s alone", (name) => agrees({ always: [name], without: without.filter((each) => each !== name) }));
});

it("a capacity that drops edges was among them", () => {
  const design = designOf(specs.capacity!);
  const graph = trainingGraph(design, 2, 8);
  const { outputs, choices } = run(design, graph, leavesOf(design, graph), {
    strategies: { Mixture: "padded-batched" },
  });
  expect(choices[0]!.strategy.name).toBe("padded-batched");
  expect(outputs.get("layers.0.mixture.dropped")!.data[0]).toBeGreaterThan(0);
});

describe("what is chosen", () => {
  const large = (spec: Spec, options: DispatchOptions = {}) => {
    const design = designOf(spec);
    return dispatch(trainingGraph(design, 64, 64), design, options);
  };
  const strategyOf = (spec: Spec) => large(spec).choices[0]!.strategy.name;

  it.each([
    ["MaskMoE", "sorted-grouped"],
    ["hash layer", "table-permuted"],
    ["every token sees one", "table-permuted"],
    ["all experts", "dense"],
    ["top 2", "sorted-grouped"],
  ])("%s: %s", (name, strategy) => expect(strategyOf(specs[name]!)).toBe(strategy));

  it("a hash layer has no router left", () => {
    const { graph } = large(specs["every token sees one"]!);
    const scored = graph.nodes.filter(({ op, at }) => op.kind === "contract" && at.role === "router.scores");
    expect(scored).toEqual([]);
  });

  it("a z_loss over visible experts reads the scores of rare tokens too", () => {
    const { choices } = large(specs["MaskMoE with a z_loss over visible"]!, { always: ["skip-known-scores"] });
    const record = choices[0]!.rewrites.find(({ name }) => name === "skip-known-scores")!;
    expect(record.applied).toBe(false);
    expect(record.why).toContain("`balance z_loss(1e-3) over visible (line ");
  });
});
