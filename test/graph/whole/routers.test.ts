/** What single rules do, read off the trace of small designs. */
import { describe, expect, it } from "vitest";
import type { Run } from "../../../src/3-graph/interpreter.js";
import { distance } from "../run.js";
import { type Leaves, runProgram, S, type Words } from "./designs.js";

const [U, E] = [12, 4];
const at = "layers.0.mixture";
const numbers = (run: Run, name: string): number[] => Array.from(run.outputs.get(name)!.data);
/** [U][width] */
const rows = (run: Run, name: string): number[][] => {
  const all = numbers(run, `${at}.${name}`);
  return Array.from({ length: U }, (_, u) => all.slice((u * all.length) / U, ((u + 1) * all.length) / U));
};
const trace = (router: string, rest: Partial<Words> = {}, change?: (leaves: Leaves) => void): Run =>
  runProgram({ layers: 1, router, ...rest }, "trace", undefined, change);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softmax = (z: readonly number[]): number[] => {
  const e = z.map(Math.exp);
  return e.map((x) => x / e.reduce((a, b) => a + b, 0));
};
const best = (keys: readonly number[], k: number): number[] =>
  keys
    .map((_, e) => e)
    .filter((e) => keys[e] !== Number.NEGATIVE_INFINITY)
    .sort((a, b) => keys[b]! - keys[a]! || a - b)
    .slice(0, k);
const padded = (edges: readonly number[], k: number): number[] => Array.from({ length: k }, (_, i) => edges[i] ?? -1);

describe("select", () => {
  const gates = (run: Run) => rows(run, "router.scores").map((z) => softmax(z));

  it("above a threshold, at most so many", () => {
    const run = trace("score linear\ngate sigmoid\nselect above(0.5) at most 2\nweight gate");
    const want = rows(run, "router.scores").map((z) => {
      const keys = z.map((x) => (sigmoid(x) > 0.5 ? x : Number.NEGATIVE_INFINITY));
      return padded(best(keys, 2), 2);
    });
    expect(rows(run, "edges.expert")).toEqual(want);
    expect(new Set(want.map((e) => e.filter((x) => x >= 0).length)).size).toBeGreaterThan(1);
  });

  it.each([1, 2])("above a threshold, at least %i", (least) => {
    const run = trace(`score linear\ngate sigmoid\nselect above(0.6) at most 3 at least ${least}\nweight gate`);
    const want = rows(run, "router.scores").map((z) => {
      const good = best(z, E).filter((e) => sigmoid(z[e]!) > 0.6);
      const others = best(z, E).filter((e) => !good.includes(e));
      const lacks = Math.max(0, least - good.length);
      return padded([...good, ...others.slice(0, lacks)].slice(0, 3), 3);
    });
    expect(rows(run, "edges.expert")).toEqual(want);
    expect(new Set(want.map((e) => e.filter((x) => x >= 0).length)).size).toBeGreaterThan(1);
  });

  it("every positive gate", () => {
    const run = trace("score linear\ngate relu\nselect positive\nweight gate");
    const want = rows(run, "router.scores").map((z) =>
      padded(
        best(
          z.map((x) => (x > 0 ? x : Number.NEGATIVE_INFINITY)),
          E,
        ),
        E,
      ),
    );
    expect(rows(run, "edges.expert")).toEqual(want);
  });

  it("a mass of the gate, at least one, at most so many", () => {
    const run = trace("score linear\ngate softmax\nselect mass(0.5) at most 3\nweight gate renormalized");
    const want = gates(run).map((p) => {
      let mass = 0;
      return padded(
        best(p, 3).filter((e) => {
          const before = mass;
          mass += p[e]!;
          return before < 0.5;
        }),
        3,
      );
    });
    expect(rows(run, "edges.expert")).toEqual(want);
    for (const weights of rows(run, "edges.weight")) expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  it("within the best groups only", () => {
    const run = trace(
      "score linear\ngate sigmoid\ngroup 4 keep top(2) by sum(top: 2)\nselect top(3) per token\nweight gate",
      {
        experts: "experts 12 of swiglu(hidden: 3)",
      },
    );
    const want = rows(run, "router.scores").map((z) => {
      const gate = z.map(sigmoid);
      const good = [0, 1, 2, 3].map((n) =>
        best(gate.slice(n * 3, n * 3 + 3), 2).reduce((sum, e) => sum + gate[n * 3 + e]!, 0),
      );
      const kept = best(good, 2);
      return best(
        gate.map((x, e) => (kept.includes(Math.floor(e / 3)) ? x : Number.NEGATIVE_INFINITY)),
        3,
      );
    });
    expect(rows(run, "edges.expert")).toEqual(want);
  });
});

describe("noise", () => {
  const router = "score linear\nnoise jitter(50%) while training\ngate softmax\nselect top(1) per token\nweight gate";
  const seeded = (seed: number) => (leaves: Leaves) => {
    leaves.get("seed")!.data[0] = seed;
  };
  const still = trace(router.replace(/noise.*\n/, ""));

  it("changes what is scored, by the seed alone", () => {
    const [a, again, other] = [1, 1, 2].map((seed) => trace(router, {}, seeded(seed)));
    expect(distance(a!.outputs.get("loss")!, again!.outputs.get("loss")!)).toBe(0);
    expect(numbers(a!, `${at}.router.scores`)).not.toEqual(numbers(other!, `${at}.router.scores`));
    expect(numbers(a!, `${at}.router.scores`)).not.toEqual(numbers(still, `${at}.router.scores`));
  });

  it("is not there while inferring", () => {
    const [noisy, plain] = [router, router.replace(/noise.*\n/, "")].map((r) =>
      runProgram({ layers: 1, router: r }, "evaluate"),
    );
    expect(distance(noisy!.outputs.get("loss")!, plain!.outputs.get("loss")!)).toBe(0);
  });

  it("is normal where it should be", () => {
    const run = trace(
      router.replace("jitter(50%)", "gaussian(std: 4)"),
      { experts: "experts 4 of swiglu(hidden: 5)" },
      seeded(3),
    );
    const moved = numbers(run, `${at}.router.scores`).map((z, i) => z - numbers(still, `${at}.router.scores`)[i]!);
    const mean = moved.reduce((a, b) => a + b, 0) / moved.length;
    const deviation = Math.sqrt(moved.reduce((s, x) => s + (x - mean) ** 2, 0) / moved.length);
    expect(Math.abs(mean)).toBeLessThan(0.4);
    expect(deviation).toBeGreaterThan(0.7);
    expect(deviation).toBeLessThan(1.3);
  });
});

describe("weights", () => {
  const base = "score linear\ngate softmax\nselect top(2) per token";
  const weightsOf = (lines: string, rest: Partial<Words> = {}, step = 0) => {
    const run = trace(lines, rest, (leaves) => leaves.get("step")?.data.fill(step));
    const gates = rows(run, "router.scores").map((z) => softmax(z));
    return { gates, edges: rows(run, "edges.expert"), weights: rows(run, "edges.weight") };
  };
  /** weight of edge i, by the gates of its unit and the edges of the unit */
  const expectWeights = (
    { gates, edges, weights }: ReturnType<typeof weightsOf>,
    weight: (gate: readonly number[], own: readonly number[], e: number) => number,
  ) => {
    weights.forEach((row, u) => {
      row.forEach((w, i) => {
        const e = edges[u]![i]!;
        expect(w).toBeCloseTo(e < 0 ? 0 : weight(gates[u]!, edges[u]!, e), 12);
      });
    });
  };
  const total = (gate: readonly number[], own: readonly number[]): number =>
    own.reduce((sum, e) => sum + (e < 0 ? 0 : gate[e]!), 0);

  it("share out 1 among the edges that a limit leaves", () => {
    const found = weightsOf(`${base}\nweight gate renormalized over kept\nlimit capacity(0.8) else drop`);
    const lefts = found.edges.map((own) => own.filter((e) => e >= 0).length);
    expect(new Set(lefts).size).toBe(3);
    expectWeights(found, (gate, own, e) => gate[e]! / total(gate, own));
  });

  it("share out 1 among the best two, whether they stay or not", () => {
    const thinned = base.replace("per token", "per token thinned(90%)");
    const found = weightsOf(`${thinned}\nweight gate renormalized over candidates`);
    expect(found.edges.flat()).toContain(-1);
    expectWeights(found, (gate, _, e) => gate[e]! / total(gate, best(gate, 2)));
  });

  it("share out 1 among experts that compute something", () => {
    const found = weightsOf(`${base}\nweight gate renormalized over computing scaled(3)`, {
      experts: "experts 1 of zero\n  experts 2 of relu(hidden: 3)\n  experts 1 of copy",
    });
    const working = (own: readonly number[]): number[] => own.filter((e) => e === 1 || e === 2);
    expect(new Set(found.edges.map((own) => working(own).length)).size).toBeGreaterThan(1);
    expectWeights(found, (gate, own, e) =>
      working([e]).length === 0 ? 0 : (3 * gate[e]!) / total(gate, working(own)),
    );
  });
});

describe("balance losses", () => {
  const base = "score linear\ngate softmax\nselect top(2) per token\nweight gate";
  const lossOf = (line: string, rest: Partial<Words> = {}) => {
    const run = trace(`${base}\nbalance ${line}`, rest);
    const p = rows(run, "router.scores").map((z) => softmax(z));
    const mean = Array.from({ length: E }, (_, e) => p.reduce((sum, row) => sum + row[e]! / U, 0));
    const got = numbers(run, "loss")[0]! - numbers(run, "cross_entropy")[0]!;
    return { run, got, p, mean, edges: rows(run, "edges.expert") };
  };
  const share = (edges: readonly (readonly number[])[], e: number): number =>
    edges.flat().filter((x) => x === e).length / edges.flat().length;

  it("gshard counts first choices", () => {
    const { got, mean, edges } = lossOf("gshard(0.5)");
    const first = edges.map((row) => row.slice(0, 1));
    expect(got).toBeCloseTo(0.5 * E * mean.reduce((sum, m, e) => sum + m * share(first, e), 0), 12);
  });

  it("sequence is switch inside each sequence", () => {
    const { got, p, edges } = lossOf("sequence(0.5)");
    const inside = [0, 1].map((b) => {
      const [ps, es] = [p.slice(b * S, b * S + S), edges.slice(b * S, b * S + S)];
      return (
        E *
        Array.from({ length: E }, (_, e) => (ps.reduce((sum, row) => sum + row[e]!, 0) / S) * share(es, e)).reduce(
          (a, b2) => a + b2,
        )
      );
    });
    expect(got).toBeCloseTo((0.5 * (inside[0]! + inside[1]!)) / 2, 12);
  });

  it("z_loss squares the log-sum-exp", () => {
    const { run, got } = lossOf("z_loss(0.5)");
    const squares = rows(run, "router.scores").map((z) => Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0)) ** 2);
    expect(got).toBeCloseTo((0.5 * squares.reduce((a, b) => a + b)) / U, 12);
  });

  it("importance is the squared coefficient of variation", () => {
    const { got, mean } = lossOf("importance(0.5)");
    const variance = mean.reduce((sum, m) => sum + (m - 1 / E) ** 2, 0) / E;
    expect(got).toBeCloseTo(0.5 * variance * E * E, 12);
  });

  it("mutual information prefers sure routers that use every expert", () => {
    const { got, p, mean } = lossOf("mutual_information(0.5)");
    const entropy = (row: readonly number[]): number => -row.reduce((sum, x) => sum + x * Math.log(x), 0);
    expect(got).toBeCloseTo(0.5 * (-entropy(mean) + p.reduce((sum, row) => sum + entropy(row), 0) / U), 12);
  });

  it("switch counts experts that compute nothing by tau", () => {
    const rest = { experts: "experts 3 of swiglu(hidden: 5)\n  experts 1 of copy" };
    const { got, mean, edges } = lossOf("switch(0.5, tau: 0.25)", rest);
    expect(got).toBeCloseTo(
      0.5 * E * mean.reduce((sum, m, e) => sum + m * share(edges, e) * (e === 3 ? 0.25 : 1), 0),
      12,
    );
    expect(share(edges, 3)).toBeGreaterThan(0);
  });
});

describe("scores", () => {
  const rest = "gate softmax\nselect top(1) per token\nweight gate";

  it("are cosines times a learned number", () => {
    const of = (z: number[][]): number[] => z.flat();
    const run = trace(`score cosine(scale: 3, bias)\n${rest}`, {}, (leaves) => {
      leaves.get(`${at}.router.scale`)!.data.fill(2);
      leaves.get(`${at}.router.bias`)!.data.fill(0.25);
    });
    const cosines = of(rows(run, "router.scores")).map((z) => (z - 0.25) / 6);
    expect(Math.max(...cosines.map(Math.abs))).toBeLessThanOrEqual(1);
    // longer units and rows change nothing
    const longer = trace(`score cosine(scale: 3, bias)\n${rest}`, {}, (leaves) => {
      leaves.get(`${at}.router.scale`)!.data.fill(2);
      leaves.get(`${at}.router.bias`)!.data.fill(0.25);
      for (const name of [`${at}.router.weight`, `${at}.norm.weight`])
        leaves.get(name)!.data.set(leaves.get(name)!.data.map((x) => 7 * x));
    });
    of(rows(longer, "router.scores")).forEach((z, i) => {
      expect(z).toBeCloseTo(6 * cosines[i]! + 0.25, 12);
    });
  });

  it("of two lines add up", () => {
    const two = trace(`score linear\nscore linear\n${rest}`, {}, (leaves) => {
      leaves.get(`${at}.router.1.weight`)!.data.set(leaves.get(`${at}.router.weight`)!.data);
    });
    const twice = numbers(trace(`score linear\n${rest}`), `${at}.router.scores`).map((z) => 2 * z);
    numbers(two, `${at}.router.scores`).forEach((z, i) => {
      expect(z).toBeCloseTo(twice[i]!, 12);
    });
  });

  it("of the layer before go through a matrix and are added", () => {
    const words: Words = { layers: 2, router: `score linear\nscore linear(from: previous.scores)\n${rest}` };
    const weight = (leaves: Leaves, factor: number): void => {
      const { data } = leaves.get("layers.1.mixture.router.1.weight")!;
      data.set(Array.from(data, (_, i) => (i % 5 === 0 ? factor : 0)));
    };
    const run = (factor: number): Run => runProgram(words, "trace", undefined, (leaves) => weight(leaves, factor));
    const [without, once] = [run(0), run(3)].map((r) => numbers(r, "layers.1.mixture.router.scores"));
    const before = numbers(run(0), "layers.0.mixture.router.scores");
    once!.forEach((z, i) => {
      expect(z).toBeCloseTo(without![i]! + 3 * before[i]!, 12);
    });
  });

  it("of the layer before, where only some experts are scored: the others count 0 and get none", () => {
    const router = `score linear(to: 3)\nscore linear(to: 3, from: previous.scores)\n${rest}`;
    const run = (factor: number): Run =>
      runProgram({ layers: 2, router }, "trace", undefined, (leaves) => {
        const { data, axes } = leaves.get("layers.1.mixture.router.1.weight")!;
        const [scored, before] = axes.map(({ size }) => size) as [number, number];
        expect([scored, before > 3]).toEqual([3, true]);
        // the diagonal, and all of the column of an expert that nobody scores
        data.set(Array.from(data, (_, i) => (i % before === Math.floor(i / before) || i % before === 3 ? factor : 0)));
      });
    const [without, once] = [run(0), run(3)].map((r) => numbers(r, "layers.1.mixture.router.scores"));
    const before = numbers(run(0), "layers.0.mixture.router.scores");
    expect(once!.length % 3).toBe(0);
    once!.forEach((z, i) => {
      expect(z).toBeCloseTo(without![i]! + 3 * before[i]!, 12);
    });
  });

  it("of two matrices bend between them", () => {
    const run = trace(`score mlp(hidden: 6, act: tanh)\n${rest}`, {}, (leaves) => {
      leaves.get(`${at}.router.hidden.weight`)!.data.fill(0);
    });
    expect(new Set(numbers(run, `${at}.router.scores`))).toEqual(new Set([0]));
    expect(trace(`score mlp(hidden: 6, act: tanh)\n${rest}`).outputs.has(`grad.${at}.router.hidden.weight`)).toBe(true);
  });
});
