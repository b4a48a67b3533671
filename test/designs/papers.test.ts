/**
 * Every shipped design against its paper: losses, logits, routing, gradients and what is kept between steps, as the
 * graph gives them and as plain loops over the paper's equations do. The two share the names of weights and nothing else.
 */
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { isDispatched } from "../../src/2-design/placed.js";
import { buffersOf } from "../../src/2-design/weights.js";
import type { Graph } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { languageModel, type ModelResult } from "./language-model.js";
import { papers } from "./papers/index.js";
import { type PaperCase, sequence, type Variant } from "./papers/paper.js";
import { designOf, type Leaves, leavesOf, programOf } from "./small.js";

type Numbers = ReadonlyMap<string, ArrayLike<number>>;

/** What the paper says, under the names of a trace. */
function expected({ gradients, mixtures, ...model }: ModelResult): Numbers {
  const all = new Map<string, ArrayLike<number>>([
    ["loss", [model.loss]],
    ["cross_entropy", [model.crossEntropy]],
    ["logits", model.logits.flat()],
  ]);
  for (const [name, slopes] of gradients) all.set(`grad.${name}`, slopes);
  for (const [scope, layer] of mixtures) {
    const { scores, experts, weights, load, dropped } = layer;
    if (scores)
      all.set(
        `${scope}.router.scores`,
        scores.flat().map((x) => x.value),
      );
    if (experts) all.set(`${scope}.edges.expert`, experts.flat());
    if (weights) all.set(`${scope}.edges.weight`, weights.flat());
    if (load) all.set(`${scope}.load`, load);
    if (dropped !== undefined) all.set(`${scope}.dropped`, [dropped]);
  }
  return all;
}

/** Names whose numbers are further apart than rounding explains; a name that only one side has, unless it is all zero. */
function apart(want: Numbers, got: Numbers): string[] {
  const names = new Set([...want.keys(), ...got.keys()].filter((name) => !name.startsWith("noise.")));
  return [...names].flatMap((name) => {
    const [a, b] = [want.get(name), got.get(name)];
    const length = Math.max(a?.length ?? 0, b?.length ?? 0);
    if ((a && a.length !== length) || (b && b.length !== length)) return [`${name}: ${a?.length} and ${b?.length}`];
    const far = Array.from({ length }, (_, i) => Math.abs((a?.[i] ?? 0) - (b?.[i] ?? 0)));
    const worst = Math.max(...far.map((x) => (Number.isNaN(x) ? Number.POSITIVE_INFINITY : x)));
    return worst < 1e-9 ? [] : [`${name}: ${worst.toExponential(1)} apart`];
  });
}

function resultsOf(graph: Graph, leaves: Leaves): Numbers {
  return new Map([...interpret(graph, leaves).outputs].map(([name, { data }]) => [name, data]));
}

function paperOf({ layers }: Pick<PaperCase, "layers">, leaves: Leaves, noise: Numbers): ModelResult {
  return languageModel({
    layers,
    sequence,
    numbers: (name) => {
      const found = leaves.get(name);
      if (!found) throw new Error(`${name} is not a weight of the spec`);
      return found.data;
    },
    noise: (scope, n) => noise.get(`noise.${scope}.${n}`)!,
  });
}

/** Names of what the design keeps between steps beside weights and optimiser: biases and the like. */
const kept = (design: Design): string[] =>
  buffersOf(design).flatMap(({ name, dtype }) => (dtype === "f32" ? [name] : []));

const variants: readonly (Variant | undefined)[] = [undefined, "tied", "twins"];

describe.each(
  papers.map((paper) => [`${paper.spec} ${paper.set["Mixture.router.select"] ?? ""}`.trim(), paper] as const),
)("%s", (_, paper) => {
  const design = designOf(paper);
  // attentions as experts are not dispatched in every program, and blocks only where they are networks
  const dispatched = Object.values(design.mixtures).filter((mixture) => isDispatched(mixture, design));
  const oneHot = Object.fromEntries(dispatched.map(({ name }) => [name, "one-hot"]));
  const plain = programOf(design, "trace", { dispatch: oneHot });

  it.each(variants.filter((v) => v === undefined || !paper.without?.includes(v)))("numbers: %s", (variant) => {
    const leaves = leavesOf(plain, paper, variant);
    const got = resultsOf(plain, leaves);
    expect(apart(expected(paperOf(paper, leaves, got)), got)).toEqual([]);
  });

  it("as it is dispatched", () => {
    const graph = programOf(design, "trace");
    const leaves = leavesOf(graph, paper);
    const got = resultsOf(graph, leaves);
    expect(apart(expected(paperOf(paper, leavesOf(plain, paper), got)), got)).toEqual([]);
  });

  it("while inferring", () => {
    const graph = programOf(design, "evaluate");
    const leaves = leavesOf(graph, paper);
    const got = resultsOf(graph, leaves);
    const want = expected(paperOf({ layers: paper.inferring ?? paper.layers }, leavesOf(plain, paper), got));
    expect(apart(new Map([...got.keys()].map((name) => [name, want.get(name)!])), got)).toEqual([]);
  });

  if (kept(design).length === 0) return;
  it("moves what is kept between steps", () => {
    const graph = programOf(design, "train", { dispatch: oneHot });
    const leaves = leavesOf(graph, paper);
    const { updates, outputs } = interpret(graph, leaves);
    const noise = new Map([...outputs].map(([name, { data }]) => [name, data]));
    const want = [...paperOf(paper, leaves, noise).mixtures].flatMap(([scope, { states = {} }]) =>
      Object.entries(states).map(([name, numbers]) => [`${scope}.${name}`, numbers] as const),
    );
    const got = kept(design).map((name) => [name, updates.get(name)!.data] as const);
    expect(apart(new Map(want), new Map(got))).toEqual([]);
  });
});
