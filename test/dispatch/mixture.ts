/** Mixtures of the dispatch tests: random weights and routings, their graph with one `experts` node, and the same by plain loops. */
import type { Ffn } from "../../src/2-design/design.js";
import { createBuilder } from "../../src/3-graph/builder.js";
import { mul } from "../../src/3-graph/expr-build.js";
import { differentiate } from "../../src/3-graph/gradient.js";
import type { Axis, Graph } from "../../src/3-graph/graph.js";
import { interpret } from "../../src/3-graph/interpreter.js";
import { rewrite } from "../../src/3-graph/rewrite.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { verify } from "../../src/3-graph/verify.js";
import type { SiteFacts } from "../../src/4-dispatch/facts.js";
import { groupFacts } from "../../src/4-dispatch/group-facts.js";
import { readCall } from "../../src/4-dispatch/site.js";
import { strategies } from "../../src/4-dispatch/strategies/index.js";
import type { Strategy } from "../../src/4-dispatch/strategy.js";
import { expertKind } from "../../src/experts/index.js";
import { noise, randomTensor } from "../graph/run.js";

export interface Group {
  readonly kind: string;
  readonly count: number;
  readonly hidden?: number;
  readonly clamp?: number;
  readonly bias?: boolean;
}

export interface Case {
  readonly units: number;
  readonly width: number;
  readonly edges: number;
  readonly groups: readonly Group[];
  readonly weightOnInput?: boolean;
  readonly weightInside?: boolean;
  /** experts of a unit, −1 for none */
  readonly route: (unit: number) => readonly number[];
  readonly seed?: number;
}

const ffnOf = ({ kind, hidden = 0, clamp, bias = false }: Group): Ffn => ({ kind, hidden, clamp, bias });

/** Axes of one weight of a group: experts first. */
function weightAxes({ count, hidden = 0 }: Group, width: number, shape: readonly ("F" | "C" | "I" | number)[]): Axis[] {
  const size = { F: hidden, C: width, I: width };
  const own = shape.map((s) => (typeof s === "number" ? { name: `J${s}`, size: s } : { name: s, size: size[s] }));
  return [{ name: "E", size: count }, ...own];
}

export interface Built {
  readonly graph: Graph;
  readonly leaves: ReadonlyMap<string, Tensor>;
  readonly site: SiteFacts;
}

/** y and the sum of y times random numbers, over an `experts` node that is not lowered yet. */
export function buildMixture(it: Case): Built {
  const g = createBuilder();
  const next = noise(it.seed ?? 1);
  const leaves = new Map<string, Tensor>();
  const [U, K, C] = [
    { name: "U", size: it.units },
    { name: "K", size: it.edges },
    { name: "C", size: it.width },
  ];
  const param = (name: string, axes: readonly Axis[]) => {
    leaves.set(name, randomTensor(axes, next));
    return g.param(name, axes, { kind: "zeros" }, "matrices");
  };
  const groups = it.groups.map((group, i) => {
    const first = it.groups.slice(0, i).reduce((n, other) => n + other.count, 0);
    const weights = expertKind(group.kind)!.weights(ffnOf(group));
    const values = weights.map(({ name, shape }) => param(`experts.${i}.${name}`, weightAxes(group, it.width, shape)));
    const { kind, ...ffn } = ffnOf(group);
    return { values, site: { first, count: group.count, ffn: kind, ...ffn, params: values.length } };
  });
  leaves.set("edges", tensor([U, K], Array.from({ length: it.units }, (_, u) => it.route(u)).flat(), "i32"));
  leaves.set("probe", randomTensor([U, C], next));
  const op = {
    kind: "experts" as const,
    site: "Mixture",
    groups: groups.map(({ site }) => site),
    weightOnInput: it.weightOnInput ?? false,
    weightInside: it.weightInside ?? false,
  };
  const inputs = [param("x", [U, C]), g.input("edges", [U, K], "i32"), param("weight", [U, K])];
  const all = [...inputs, ...groups.flatMap(({ values }) => values)];
  const [y] = g.within({ scope: "layers.0.mixture", role: "experts" }, () => g.add(op, all));
  const loss = g.reduce(
    "sum",
    g.map([y!, g.input("probe", [U, C])], (a, p) => mul(a, p)),
    ["U", "C"],
  );
  const graph = g.finish({
    outputs: new Map([
      ["loss", loss],
      ["y", y!],
    ]),
  });
  return {
    graph,
    leaves,
    site: siteFacts(
      it,
      op.groups.map((group) => groupFacts(group, it.width)),
    ),
  };
}

function siteFacts(it: Case, groups: SiteFacts["groups"]): SiteFacts {
  const counts = new Map<number, number>();
  for (let u = 0; u < it.units; u++) for (const e of it.route(u)) if (e >= 0) counts.set(e, (counts.get(e) ?? 0) + 1);
  return {
    site: "Mixture",
    unitWord: "tokens",
    units: it.units,
    width: it.width,
    experts: groups.reduce((n, group) => n + group.count, 0),
    edgesPerUnit: it.edges,
    groups,
    shared: [],
    routeKnown: true,
    edgesInPlace: inPlace(it, groups),
    forwardOnly: false,
    rules: {},
    room: Math.max(1, ...counts.values()),
    knownShare: 0,
    because: () => [],
  };
}

/** Whether edge k of every unit goes to expert k or nowhere. */
function inPlace({ units, edges, route }: Case, groups: SiteFacts["groups"]): boolean {
  const experts = groups.reduce((n, group) => n + group.count, 0);
  const rows = Array.from({ length: units }, (_, u) => route(u));
  return edges === experts && rows.every((row) => row.every((e, k) => e === k || e === -1));
}

/** The strategies that compute the right thing for a mixture. */
export const legalFor = ({ site }: Pick<Built, "site">): readonly Strategy[] =>
  strategies.filter((strategy) => strategy.refusal(site) === undefined);

/** The graph with its `experts` node lowered, its gradients added. */
export function lowered({ graph, site }: Pick<Built, "graph" | "site">, strategy: Strategy): Graph {
  const done = rewrite(graph, (g, node, inputs) =>
    node.op.kind === "experts" ? [strategy.lower(g, readCall(g, node, inputs), site)] : undefined,
  );
  return verify(differentiate(verify(done)));
}

/** Every output and gradient under one strategy. */
export function runWith(built: Built, strategy: Strategy): ReadonlyMap<string, Tensor> {
  return interpret(lowered(built, strategy), built.leaves).outputs;
}

/** y by loops over units, edges and numbers: shares nothing with the compiler. */
export function byLoops(it: Case, leaves: ReadonlyMap<string, Tensor>): number[] {
  const [x, weight] = [leaves.get("x")!.data, leaves.get("weight")!.data];
  const y = new Array<number>(it.units * it.width).fill(0);
  for (let u = 0; u < it.units; u++) {
    it.route(u).forEach((expert, k) => {
      if (expert < 0) return;
      const w = weight[u * it.edges + k]!;
      const row = Array.from(x.slice(u * it.width, (u + 1) * it.width), (v) => (it.weightOnInput ? v * w : v));
      const out = expertByLoops(it, leaves, expert, row);
      out.forEach((v, c) => {
        y[u * it.width + c]! += it.weightOnInput ? v : v * w;
      });
    });
  }
  return y;
}

function expertByLoops(it: Case, leaves: ReadonlyMap<string, Tensor>, expert: number, x: readonly number[]): number[] {
  let i = 0;
  let local = expert;
  while (local >= it.groups[i]!.count) local -= it.groups[i++]!.count;
  const group = it.groups[i]!;
  const of = (name: string): number[] => {
    const { axes, data } = leaves.get(`experts.${i}.${name}`)!;
    const size = axes.slice(1).reduce((n, a) => n * a.size, 1);
    return Array.from(data.slice(local * size, (local + 1) * size));
  };
  const layer = (name: string, v: readonly number[]) => {
    const w = of(`${name}.weight`);
    const b = group.bias ? of(`${name}.bias`) : [];
    return Array.from(
      { length: w.length / v.length },
      (_, o) => dot(w.slice(o * v.length, (o + 1) * v.length), v) + (b[o] ?? 0),
    );
  };
  const limit = group.clamp ?? Number.POSITIVE_INFINITY;
  const between = (v: number) => Math.max(-limit, Math.min(limit, v));
  switch (group.kind) {
    case "copy":
      return [...x];
    case "zero":
      return x.map(() => 0);
    case "constant": {
      const mix = of("mix.weight");
      const [s, t] = [dot(mix.slice(0, x.length), x), dot(mix.slice(x.length), x)].map(Math.exp) as [number, number];
      return of("vector.weight").map((v, c) => (s * x[c]! + t * v) / (s + t));
    }
    case "rank1":
      return of("up.weight").map((v) => v * dot(of("down.weight"), x));
    case "neuron":
      return of("down.weight").map((v) => v * gelu(dot(of("up.weight"), x)));
    case "swiglu":
    case "geglu": {
      const activation = group.kind === "swiglu" ? silu : gelu;
      const [gate, up] = [layer("gate", x), layer("up", x)];
      return layer(
        "down",
        gate.map((v, f) => activation(Math.min(v, limit)) * between(up[f]!)),
      );
    }
    case "quickglu": {
      const [gate, up] = [layer("gate", x).map((v) => Math.min(v, limit)), layer("up", x).map(between)];
      return layer(
        "down",
        gate.map((v, f) => (v / (1 + Math.exp(-1.702 * v))) * (up[f]! + 1)),
      );
    }
    default: {
      const activation = { gelu, silu, relu: (v: number) => Math.max(0, v) }[group.kind]!;
      return layer(
        "down",
        layer("up", x).map((v) => activation(between(v))),
      );
    }
  }
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
const silu = (v: number): number => v / (1 + Math.exp(-v));
const gelu = (v: number): number => 0.5 * v * (1 + erf(v / Math.SQRT2));

/** Series of erf: enough terms for the small arguments of these tests. */
function erf(v: number): number {
  let [term, sum] = [v, v];
  for (let n = 1; n < 120; n++) {
    term *= (-v * v) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
