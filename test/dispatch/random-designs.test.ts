/**
 * Random valid designs: every legal strategy, and every rewrite that is legal, give the numbers of the oracle: losses,
 * gradients, edges and their weights, loads and what was dropped. A failure prints the design and the seed;
 * MOEC_SEED=… draws others, MOEC_RANDOM=n more or fewer.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Design } from "../../src/2-design/design.js";
import { forward } from "../../src/3-graph/forward/model.js";
import { differentiate } from "../../src/3-graph/gradient.js";
import type { Graph } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import type { Tensor } from "../../src/3-graph/tensor.js";
import { verify } from "../../src/3-graph/verify.js";
import { type Dispatched, type DispatchOptions, dispatch } from "../../src/4-dispatch/dispatch.js";
import { routerRewrites } from "../../src/4-dispatch/rewrites/index.js";
import { DiagnosticError } from "../../src/diagnostics/diagnostic.js";
import { checkSpec } from "../../src/pipeline.js";
import { B, leavesOf, S, type Sees, textOf, type Words } from "../graph/whole/designs.js";
import { built } from "../numerics/agree.js";
import { compareAll, withPrefix } from "../numerics/agree-many.js";
import { randomWords, seesOf } from "./random-words.js";

const seed = Number(process.env.MOEC_SEED ?? 20_261);
const runs = Number(process.env.MOEC_RANDOM ?? 200);
const inC = 16;

const rewrites = routerRewrites.map(({ name }) => name);

/** The design, or the codes of what is wrong with it: nothing else may come out. */
function designOf(words: Words): Design | readonly string[] {
  const { design, diagnostics } = checkSpec({ path: "random.moe", text: textOf(words) });
  return design ?? diagnostics.map(({ code, message }) => `${code} ${message}`);
}

/** What a training step keeps: results that only a trace asks for would forbid every rewrite. */
function stepGraph(design: Design): Graph {
  const graph = forward(design, { batch: B, seq: S, training: true });
  const kept = [...graph.outputs].filter(([name]) => !/(^logits|router\.(scores|entropy))$/.test(name));
  return verify({ ...graph, outputs: new Map(kept) });
}

interface Outcome extends Pick<Dispatched, "choices"> {
  readonly graph: Graph;
  readonly results: ReadonlyMap<string, Tensor>;
}

function run(design: Design, graph: Graph, sees: Sees, options: DispatchOptions): Outcome {
  const { graph: lowered, choices } = dispatch(graph, design, options);
  const whole = verify(differentiate(lowered));
  const { outputs, updates } = interpret(whole, leavesOf(whole, sees));
  const results = new Map([...outputs, ...[...updates].map(([name, t]) => [`updated ${name}`, t] as const)]);
  return { graph: whole, choices, results };
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!) / Math.max(1, Math.abs(a[i]!));
    // NaN is far from everything
    if (!(d <= worst)) worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
  }
  return worst;
};

/** Results that differ; a gradient that is missing is one of zeros. */
function differences(oracle: Outcome, got: Outcome): readonly string[] {
  const wrong = [...oracle.results].filter(([name, { data }]) => {
    const other = got.results.get(name)?.data ?? (name.startsWith("grad.") ? new Float64Array(data.length) : []);
    return other.length !== data.length || !(far(data, other) < 1e-9);
  });
  return wrong.map(([name]) => name);
}

/** Every number is one, and per layer as many edges are left as were chosen and not dropped. */
function expectSound({ results }: Outcome): void {
  for (const [name, { data }] of results) expect([name, data.every((v) => Number.isFinite(v))]).toEqual([name, true]);
  for (const [name, { data }] of results) {
    const layer = /^(.*)\.dropped$/.exec(name)?.[1];
    if (layer === undefined) continue;
    const numbers = (of: string): readonly number[] => Array.from(results.get(`${layer}.${of}`)!.data);
    const chosen = numbers("load").reduce((sum, n) => sum + n, 0);
    const left = numbers("edges.expert").filter((e) => e >= 0).length;
    expect(left).toBe(chosen - data[0]!);
  }
}

/** All ways to dispatch one design; how many were compared, by name. */
function agrees(design: Design, counts: Map<string, number>): void {
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const [graph, sees] = [stepGraph(design), seesOf(design)];
  // heads of attention may stand side by side, and then there is nothing to choose
  const dispatched = graph.nodes.some(({ op }) => op.kind === "experts");
  const oracle = run(design, graph, sees, {
    without: rewrites,
    ...(dispatched && { strategies: { Mixture: "one-hot" } }),
  });
  expectSound(oracle);
  if (!dispatched) return;
  const legal = oracle.choices[0]!.losers.filter(({ cost }) => cost !== undefined).map(({ name }) => name);
  for (const strategy of legal) {
    const got = run(design, graph, sees, { without: rewrites, strategies: { Mixture: strategy } });
    expect([strategy, differences(oracle, got)]).toEqual([strategy, []]);
    count(strategy);
  }
  const rewritten = run(design, graph, sees, { always: rewrites });
  expect(["rewritten", differences(oracle, rewritten)]).toEqual(["rewritten", []]);
  for (const { name, applied } of rewritten.choices[0]!.rewrites) if (applied) count(name);
  // the two that leave scores out exclude each other
  const others = rewrites.filter((name) => name !== "skip-known-scores");
  const skipping = run(design, graph, sees, { always: ["skip-known-scores"], without: others });
  if (!skipping.choices[0]!.rewrites.some(({ applied }) => applied)) return;
  expect(["skip-known-scores", differences(oracle, skipping)]).toEqual(["skip-known-scores", []]);
  count("skip-known-scores");
}

/** Designs that the language allows and this version compiles. */
function valid(words: Words, refused: Map<string, number>): Design | undefined {
  const design = designOf(words);
  const note = (what: string) => void refused.set(what, (refused.get(what) ?? 0) + 1);
  if (!("spec" in design)) {
    note(design[0]!);
    return undefined;
  }
  try {
    stepGraph(design);
    return design;
  } catch (error) {
    // a rule that is checked but not compiled yet says so, with its code
    if (!(error instanceof DiagnosticError) || error.diagnostics.some(({ code }) => code.startsWith("MOE9")))
      throw error;
    note(`${error.diagnostics[0]!.code} ${error.diagnostics[0]!.message}`);
    return undefined;
  }
}

describe(`random designs, seed ${seed}`, () => {
  it(`${runs} designs, every legal strategy and rewrite against the oracle`, () => {
    const [counts, refused] = [new Map<string, number>(), new Map<string, number>()];
    let compared = 0;
    const property = fc.property(randomWords, (words) => {
      const design = valid(words, refused);
      if (design === undefined) return;
      compared++;
      agrees(design, counts);
    });
    fc.assert(property, { seed, numRuns: runs });
    if (process.env.MOEC_RANDOM) console.log({ compared, counts, refused });
    // the generator has to make what it is there for
    expect(compared).toBeGreaterThan(runs / 2);
    for (const name of ["sorted-grouped", "gather-gemv", "padded-batched", "dense", "table-permuted", ...rewrites])
      expect([name, (counts.get(name) ?? 0) > 0]).toEqual([name, true]);
  }, 300_000);

  it(`${inC} designs in one program (${built}), each by another strategy`, async () => {
    // every expert by its own weight: the gradient of the weights walks edges and experts side by side
    const all = { router: "score linear\ngate sigmoid\nselect all\nweight gate renormalized", layers: 1 };
    const known = [{ words: all, strategy: "dense" }];
    const designs = [
      ...known.map(({ words }) => words),
      ...fc.sample(randomWords, { seed: seed + 1, numRuns: 3 * inC }),
    ]
      .flatMap((words) => valid(words, new Map()) ?? [])
      .slice(0, inC);
    const cases = designs.map((design, i) => {
      const [graph, sees] = [stepGraph(design), seesOf(design)];
      const legal = dispatch(graph, design, { always: rewrites }).choices[0]!;
      const names = [legal.strategy.name, ...legal.losers.filter(({ cost }) => cost).map(({ name }) => name)];
      const options = { always: rewrites, strategies: { Mixture: known[i]?.strategy ?? names[i % names.length]! } };
      const whole = verify(differentiate(dispatch(graph, design, options).graph));
      return withPrefix(`d${i}`, whole, leavesOf(whole, sees));
    });
    const distances = await compareAll(cases, built);
    expect([...distances].filter(([, d]) => !(d < 2e-4))).toEqual([]);
    expect(cases).toHaveLength(inC);
  }, 300_000);
});
