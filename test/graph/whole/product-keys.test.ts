/** Product keys and single neurons against all scores written down, in plain loops; gradients against differences. */
import { describe, expect, it } from "vitest";
import { interpret, type Run } from "../../../src/3-graph/interpreter.js";
import { buildProgram } from "../../../src/3-graph/programs.js";
import { dispatch } from "../../../src/4-dispatch/dispatch.js";
import { strategies } from "../../../src/4-dispatch/strategies/index.js";
import { B, designOf, type Leaves, leavesOf, programOf, S, type Words } from "./designs.js";

const at = "layers.0.mixture";
const U = B * S;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const softmax = (z: readonly number[]): number[] => {
  const e = z.map((x) => Math.exp(x - Math.max(...z)));
  return e.map((x) => x / sum(e));
};
const rows = (run: Run, name: string): number[][] => {
  const all = Array.from(run.outputs.get(`${at}.${name}`)!.data);
  return range(U).map((u) => all.slice((u * all.length) / U, ((u + 1) * all.length) / U));
};

interface Peer {
  readonly keys: number;
  readonly k: number;
  readonly heads: number;
  readonly weight?: string;
  readonly gate?: string;
}
const WIDTH = 5;
const words = ({ keys, k, heads, gate, weight = "softmax over selected" }: Peer, kind = "neuron"): Words => ({
  layers: 1,
  experts: `experts ${keys * keys} of ${kind}`,
  router: `score product_keys(${keys}, width: ${WIDTH}, heads: ${heads})\n${gate ? `gate ${gate}\n` : ""}select top(${k}) per token\nweight ${weight}\nallow imbalance because "a test"`,
});

/** x of every unit, by undoing nothing: the router's input is given to the test by a router with one more score. */
function inputs(leaves: Leaves): number[][] {
  // with the attention's output projection at 0 the stream is the embedding, whose norm is easily taken
  const ids = Array.from(leaves.get("tokens")!.data);
  const [table, scale] = [leaves.get("embed.weight")!.data, leaves.get(`${at}.norm.weight`)!.data];
  return ids.map((id) => {
    const x = Array.from(table.slice(id * 8, id * 8 + 8));
    const r = 1 / Math.sqrt(sum(x.map((v) => v * v)) / 8 + 1e-5);
    return x.map((v, c) => v * r * scale[c]!);
  });
}

function run(peer: Peer, kind?: string) {
  const graph = programOf(designOf(words(peer, kind)), "trace");
  const leaves = leavesOf(graph);
  leaves.get("layers.0.attend.o.weight")!.data.fill(0);
  return { graph, leaves, result: interpret(graph, leaves) };
}

/** For every unit and head: the scores of all experts. */
function allScores({ keys, heads }: Peer, leaves: Leaves): number[][][] {
  const numbers = (name: string): ArrayLike<number> => leaves.get(`${at}.router.${name}.weight`)!.data;
  const dot = (x: readonly number[], data: ArrayLike<number>, from: number): number =>
    sum(x.map((v, i) => v * data[from + i]!));
  return inputs(leaves).map((x) =>
    range(heads).map((h) => {
      const half = (s: number): number[] => {
        const q = range(WIDTH).map((w) => dot(x, numbers(`query.${s}`), (h * WIDTH + w) * 8));
        return range(keys).map((n) => dot(q, numbers(`keys.${s}`), n * WIDTH));
      };
      const [one, two] = [half(0), half(1)];
      return range(keys * keys).map((e) => one[Math.floor(e / keys)]! + two[e % keys]!);
    }),
  );
}

const best = (scores: readonly number[], k: number): number[] =>
  range(scores.length)
    .sort((a, b) => scores[b]! - scores[a]!)
    .slice(0, k);

const peers: Readonly<Record<string, Peer>> = {
  "one head": { keys: 4, k: 3, heads: 1 },
  "three heads": { keys: 5, k: 2, heads: 3 },
  "more edges than keys": { keys: 3, k: 5, heads: 2 },
  "one edge": { keys: 6, k: 1, heads: 1 },
  "32 × 32": { keys: 32, k: 4, heads: 2 },
};

describe.each(Object.entries(peers))("%s", (_, peer) => {
  const { leaves, result } = run(peer);
  const scores = allScores(peer, leaves);
  const edges = scores.map((unit) => unit.flatMap((z) => best(z, peer.k)));
  const weights = scores.map((unit) => unit.flatMap((z) => softmax(best(z, peer.k).map((e) => z[e]!))));

  it("chooses the best sums of all", () => {
    expect(rows(result, "edges.expert")).toEqual(edges);
  });

  it("weighs each head's choices by their softmax", () => {
    rows(result, "edges.weight").forEach((row, u) => {
      row.forEach((w, i) => {
        expect(w).toBeCloseTo(weights[u]![i]!, 10);
      });
    });
  });

  it("counts the edges of every expert", () => {
    const load = range(peer.keys ** 2).map((e) => edges.flat().filter((x) => x === e).length);
    expect(Array.from(result.outputs.get(`${at}.load`)!.data)).toEqual(load);
  });
});

it("gates that experts have on their own weigh the chosen", () => {
  const peer: Peer = { keys: 4, k: 3, heads: 2, gate: "relu", weight: "gate" };
  const { leaves, result } = run(peer);
  const want = allScores(peer, leaves).map((unit) => unit.flatMap((z) => best(z, 3).map((e) => Math.max(0, z[e]!))));
  rows(result, "edges.weight").forEach((row, u) => {
    row.forEach((w, i) => {
      expect(w).toBeCloseTo(want[u]![i]!, 10);
    });
  });
});

it("gradients are differences of the loss", () => {
  const { graph, leaves, result } = run({ keys: 3, k: 2, heads: 2 });
  for (const name of [
    "router.query.0.weight",
    "router.query.1.weight",
    "router.keys.0.weight",
    "router.keys.1.weight",
    "experts.up.weight",
    "experts.down.weight",
  ]) {
    const { data } = leaves.get(`${at}.${name}`)!;
    for (const i of [0, Math.floor(data.length / 2), data.length - 1]) {
      const [x, h] = [data[i]!, 1e-5];
      const [up, down] = [x + h, x - h].map((value) => {
        data[i] = value;
        return interpret(graph, leaves).outputs.get("loss")!.data[0]!;
      });
      data[i] = x;
      const slope = result.outputs.get(`grad.${at}.${name}`)!.data[i]!;
      expect(Math.abs(slope - (up! - down!) / (2 * h))).toBeLessThan(1e-7);
    }
  }
});

describe.each(["neuron", "rank1", "relu(hidden: 2)"])("strategies agree on %s", (kind) => {
  const design = designOf(words({ keys: 5, k: 3, heads: 2 }, kind));
  const graphOf = (strategy: string) =>
    buildProgram(
      design,
      "trace",
      { batch: B, seq: S },
      (g) => dispatch(g, design, { strategies: { Mixture: strategy } }).graph,
    );
  const legal = (() => {
    let names: string[] = [];
    buildProgram(design, "trace", { batch: B, seq: S }, (g) => {
      const done = dispatch(g, design);
      names = [done.choices[0]!.strategy.name, ...done.choices[0]!.losers.flatMap((l) => (l.cost ? [l.name] : []))];
      return done.graph;
    });
    return names;
  })();
  const want = graphOf("one-hot");
  const leaves = leavesOf(want);
  const oracle = interpret(want, leaves).outputs;

  it.each(legal.filter((name) => name !== "one-hot"))("%s", (name) => {
    const got = interpret(graphOf(name), leaves).outputs;
    const wrong = [...oracle].filter(([key, { data }]) =>
      data.some((x, i) => !(Math.abs(x - got.get(key)!.data[i]!) < 1e-10 * Math.max(1, Math.abs(x)))),
    );
    expect(wrong.map(([key]) => key)).toEqual([]);
    expect(strategies.length).toBeGreaterThan(legal.length - 1);
  });
});
