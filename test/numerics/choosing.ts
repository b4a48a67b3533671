/** Ops that choose, at awkward sizes: what every target must choose exactly as the interpreter does. */
import { createBuilder, type GraphBuilder } from "../../src/3-graph/builder.js";
import type { DType, Value } from "../../src/3-graph/graph.js";
import { tensor } from "../../src/3-graph/tensor.js";
import { axes, noise } from "../graph/run.js";
import type { Example } from "./graphs.js";

type Values = Readonly<Record<string, Value>>;
type Build = (g: GraphBuilder, inputs: Values) => Values;

function example(
  name: string,
  given: Readonly<
    Record<string, { readonly shape: string; readonly value: (i: number) => number; readonly dtype?: DType }>
  >,
  build: Build,
): Example {
  return {
    name,
    make: () => {
      const g = createBuilder();
      const all = Object.entries(given).map(([leaf, { shape, value, dtype = "f32" }]) => {
        const on = axes(...shape.split(", "));
        const size = on.reduce((n, a) => n * a.size, 1);
        const numbers = Array.from({ length: size }, (_, i) => value(i));
        return { leaf, input: g.input(leaf, on, dtype), value: tensor(on, numbers, dtype) };
      });
      const inputs = Object.fromEntries(all.map(({ leaf, input }) => [leaf, input]));
      const outputs = g.within({ scope: "layers.0.mixture", role: "router.select" }, () => build(g, inputs));
      return {
        graph: g.finish({ outputs: new Map(Object.entries(outputs)) }),
        leaves: new Map(all.map(({ leaf, value }) => [leaf, value])),
      };
    },
  };
}

const random = (seed: number, coarse = 0): ((i: number) => number) => {
  const next = noise(seed);
  return () => (coarse === 0 ? Math.fround(next()) : Math.round(next() * coarse) / 4);
};
const sometimes = (f: (i: number) => number): ((i: number) => number) => {
  const next = noise(77);
  return (i) => (next() < -0.4 ? Number.NEGATIVE_INFINITY : f(i));
};
const leaning =
  (experts: number, f: (i: number) => number): ((i: number) => number) =>
  (i) =>
    Math.fround(f(i) - (i % experts));
/** whole numbers from -1 to n - 2 */
const below = (seed: number, n: number): ((i: number) => number) => {
  const next = noise(seed);
  return () => Math.floor(((next() + 1) / 2) * n) - 1;
};

const rank: Build = (g, { key }) => ({ ...g.rank(key!) });
const assign: Build = (g, { key }) => ({ y: g.assign(key!) });

/** 1 … n in an order that looks random */
const shuffled = (n: number): ((i: number) => number) => {
  const next = noise(5);
  const order = Array.from({ length: n }, (_, i) => ({ i, at: next() })).sort((a, b) => a.at - b.at);
  return (i) => order[i]!.i;
};
const i32 = "i32" as const;

export const choosing: readonly Example[] = [
  example("rank, many ties", { key: { shape: "E 3, U 301", value: random(1, 8) } }, rank),
  example("rank, some may not be chosen", { key: { shape: "U 1030", value: sometimes(random(2)) } }, rank),
  example("assign, unbalanced", { key: { shape: "U 130, E 5", value: leaning(5, random(3)) } }, assign),
  example("assign, three problems, odd sizes", { key: { shape: "B 3, U 37, E 7", value: random(4) } }, assign),
  example("assign, many ties", { key: { shape: "B 2, U 16, E 4", value: random(5, 2) } }, assign),
  example("assign, some may not be chosen", { key: { shape: "U 41, E 6", value: sometimes(random(6)) } }, assign),
  example(
    "assign, more experts than a warp has lanes",
    { key: { shape: "U 90, E 70", value: leaning(9, random(8, 40)) } },
    assign,
  ),
  example("assign, fewer units than experts", { key: { shape: "U 5, E 9", value: random(7) } }, assign),
  example(
    "admit, in an order of its own, unequal room",
    {
      edges: { shape: "U 50, K 2", value: below(8, 7), dtype: i32 },
      order: { shape: "N 100", value: shuffled(100), dtype: i32 },
      room: { shape: "E 6", value: (e) => [3, 0, 20, 7, 100, 1][e]!, dtype: i32 },
    },
    (g, { edges, order, room }) => ({ y: g.admit(edges!, order!, room!) }),
  ),
  example(
    "admit, with others to go to",
    {
      key: { shape: "U 50, E 6", value: sometimes(random(9)) },
      room: { shape: "E 6", value: (e) => [12, 12, 20, 7, 12, 1][e]!, dtype: i32 },
      order: { shape: "N 100", value: shuffled(100), dtype: i32 },
    },
    (g, { key, room, order }) => ({
      y: g.admit(g.topK(key!, 2), order!, room!, g.topK(key!, 6, "E")),
    }),
  ),
  example(
    "admit, everybody wants the same and room is scarce",
    {
      key: { shape: "U 90, E 7", value: leaning(7, random(10, 2)) },
      room: { shape: "E 7", value: (e) => [9, 40, 0, 3, 60, 11, 5][e]!, dtype: i32 },
      order: { shape: "N 270", value: shuffled(270), dtype: i32 },
    },
    (g, { key, room, order }) => ({
      y: g.admit(g.topK(key!, 3), order!, room!, g.topK(key!, 7, "E")),
    }),
  ),
];
