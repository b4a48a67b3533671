/** What the optimiser promises about plans: kernels that are gone, passes that are not there, sorts that come first. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import type { Graph, Node } from "../../src/3-graph/graph.js";
import { dependsOnWeights } from "../../src/4-dispatch/readers.js";
import type { Kernel, KernelPlan, Launch } from "../../src/5-plan/plan.js";
import { checkSpec, compileDesign, graphsOf } from "../../src/pipeline.js";
import { designOf, type Words } from "../graph/whole/designs.js";

function shipped(name: string): Design {
  const source = { path: `specs/${name}.moe`, text: readFileSync(`specs/${name}.moe`, "utf8") };
  return checkSpec(source).design!;
}

const programs = ["train"] as const;
const launchesOf = ({ kernels, programs: [train] }: KernelPlan): readonly (Launch & { readonly of: Kernel })[] =>
  train!.launches.map((launch) => ({ ...launch, of: kernels[launch.kernel]! }));
const namesOf = (plan: KernelPlan): readonly string[] => [...new Set(launchesOf(plan).map(({ of }) => of.name))];
const nodesOf = (graph: Graph | undefined, role: string): readonly Node[] =>
  graph!.nodes.filter(({ at }) => at.role === role);

const masked = (tiers: string): Words => ({
  tiers,
  router: "score linear\nmask Visible[token_id]\ngate softmax over visible\nselect top(1) per token\nweight gate",
});

describe("a route that is known", () => {
  it.each([
    ["the shipped hash layer", () => shipped("hash-layer")],
    ["a mask that leaves one expert", () => designOf(masked("tier all otherwise sees 1"))],
  ])("%s: no kernel scores, and no weight takes part in the sort", (_, make) => {
    const { plan, graphs } = compileDesign(make(), { programs, dispatch: { Mixture: "table-permuted" } });
    const names = namesOf(plan);
    expect(names.filter((name) => /router_scores/.test(name))).toEqual([]);
    expect(names.some((name) => name.includes("experts_sort"))).toBe(true);
    const sorts = nodesOf(graphs.train, "experts.sort");
    expect(sorts.some(({ inputs }) => inputs.some(dependsOnWeights))).toBe(false);
  });

  it("with a choice left, the router is there: the test above can fail", () => {
    const names = namesOf(compileDesign(designOf(masked("tier all otherwise sees 2")), { programs }).plan);
    expect(names.filter((name) => /router_scores/.test(name))).not.toEqual([]);
  });

  it("the sorts of all layers run before the forward pass, without waiting for each other", () => {
    const launches = launchesOf(compileDesign(shipped("hash-layer"), { programs }).plan);
    const sorts = launches.flatMap(({ of }, i) => (of.kind === "special" && of.op.includes("partition") ? [i] : []));
    const firstProduct = launches.findIndex(({ of }) => of.kind === "matmul");
    expect(sorts).toHaveLength(4);
    expect(Math.max(...sorts)).toBeLessThan(firstProduct);
    expect(sorts).toEqual(sorts.map((_, i) => sorts[0]! + i));
    expect(sorts.slice(0, -1).map((i) => launches[i]!.wait)).toEqual([false, false, false]);
  });
});

describe("one edge per unit", () => {
  const sums = (design: Design) =>
    nodesOf(graphsOf(design, { programs }).graphs.train, "experts.combine").filter(
      ({ op, at }) => op.kind === "reduce" && at.phase === "forward",
    );

  it("nothing is summed on the way back", () => {
    expect(sums(shipped("mask-moe"))).toEqual([]);
    expect(sums(shipped("hash-layer"))).toEqual([]);
  });

  it("two edges are: the test above can fail", () => {
    expect(sums(shipped("mh-moe")).length).toBeGreaterThan(0);
  });
});

describe("sub-tokens", () => {
  const plan = compileDesign(shipped("mh-moe"), { programs, batch: 2, seq: 64 }).plan;
  const launches = launchesOf(plan);

  it("cutting and joining heads is no pass: only the products of split and merge touch whole units", () => {
    const mine = launches.filter(({ of }) => of.because.some((path) => path === "Mixture.unit"));
    expect(mine.length).toBeGreaterThan(0);
    const others = mine.filter(({ of }) => of.kind !== "matmul" && of.kind !== "outer");
    expect(others.map(({ of }) => of.name)).toEqual([]);
    expect(plan.buffers.filter(({ name }) => name.endsWith("mixture.units"))).toEqual([]);
  });

  it("split moves what its product moves: rows in, weights, rows out", () => {
    const split = launches.find(({ of }) => of.kind === "matmul" && of.name.startsWith("mixture_split"))!;
    const [rows, width] = [2 * 64, 256];
    expect(split.of.bytes).toBeLessThanOrEqual(4 * (2 * rows * width + width * width));
  });

  it("the experts read sub-tokens where split wrote them", () => {
    const split = launches.find(
      ({ of, scope }) => of.name.startsWith("mixture_split") && scope === "layers.0.mixture",
    )!;
    const written = split.args.filter((_, i) => split.of.params[i]!.access === "write");
    const gate = launches.find(
      ({ of, scope }) => of.name.startsWith("mixture_experts_gate") && scope === "layers.0.mixture",
    )!;
    expect(gate.args.some((arg) => written.includes(arg))).toBe(true);
  });
});

describe("weights that nothing learns from", () => {
  it.each([
    {
      what: "a bias that is read once more for the gradient",
      words: {
        router:
          "score linear normalized\ngate relu\nbias load_balance(rate: 1e-3, step: sign)\nselect positive\nweight one\nlimit none",
      },
    },
    {
      what: "scores that only a result reads",
      words: {
        tiers: "tier all otherwise sees 2",
        router: "score linear(bias)\ngate softmax\nselect Visible[token_id]\nweight one",
      },
    },
    {
      what: "experts that have none",
      words: {
        unit: "subtoken(heads: 2, split: linear, merge: linear)",
        experts: "experts 4 of zero",
        router: "score linear normalized\ngate sigmoid\nselect top(1) per subtoken\nweight softmax over selected",
      },
    },
  ])("$what: new values wait for the last reader of the old ones", ({ words }) => {
    const { plan } = compileDesign(designOf(words), { programs });
    const launches = launchesOf(plan);
    const kept = plan.buffers.flatMap(({ role }, i) => (role === "param" ? [i] : []));
    for (const id of kept) {
      const touch = (access: string) =>
        launches.flatMap(({ of, args }, i) =>
          args.some((arg, p) => arg === id && of.params[p]!.access === access) ? [i] : [],
        );
      const replaced = Math.max(-1, ...touch("write"), ...touch("update"));
      if (replaced >= 0) expect(Math.max(-1, ...touch("read"))).toBeLessThanOrEqual(replaced);
    }
  });

  it("noise between two scores is made before their product, not inside its tiles", () => {
    const words = {
      router:
        "score linear\nscore linear(from: previous.scores)\nnoise gaussian(learned) while training\ngate relu\nselect positive\nweight softmax over selected",
    };
    expect(() => compileDesign(designOf(words), { programs })).not.toThrow();
  });
});

describe("products of matrices", () => {
  const specs = readdirSync("specs").flatMap((file) => (file.endsWith(".moe") ? [file.slice(0, -4)] : []));

  it.each(specs)("%s: all are kernels for products, however experts lie", (spec) => {
    const launches = launchesOf(compileDesign(shipped(spec), { programs }).plan);
    const flops = launches.reduce((sum, { of }) => sum + of.flops, 0);
    const inPasses = launches.filter(({ of }) => of.kind === "rows" || of.kind === "flat");
    // passes over rows and numbers do hardly any arithmetic: the largest of them is a norm or a softmax
    expect(inPasses.filter(({ of }) => of.flops > 0.005 * flops).map(({ of }) => of.name)).toEqual([]);
  });
});
