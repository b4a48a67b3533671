/** Balance rules, noise and students from their equations in plain loops; gradients against differences of the loss. */
import { describe, expect, it } from "vitest";
import { interpret, type Run } from "../../../src/3-graph/interpreter.js";
import { uniform } from "../../../src/3-graph/ops/random.js";
import type { ProgramName } from "../../../src/3-graph/programs.js";
import { designOf, type Leaves, leavesOf, programOf, runProgram, V, type Words } from "./designs.js";

const [U, E, SEED] = [12, 4, 5];
const at = "layers.0.mixture";
const seeded =
  (step: number) =>
  (leaves: Leaves): void => {
    leaves.get("step")?.data.fill(step);
    leaves.get("seed")?.data.fill(SEED);
  };
const trace = (router: string, rest: Partial<Words> = {}, step = 0): Run =>
  runProgram({ layers: 1, router, ...rest }, "trace", undefined, seeded(step));
const numbers = (run: Run, name: string): number[] => Array.from(run.outputs.get(name)!.data);
const rows = (all: readonly number[]): number[][] =>
  Array.from({ length: U }, (_, u) => all.slice((u * all.length) / U, ((u + 1) * all.length) / U));
const scoresOf = (run: Run): number[][] => rows(numbers(run, `${at}.router.scores`));
const edgesOf = (run: Run): number[][] => rows(numbers(run, `${at}.edges.expert`));
const balanceOf = (run: Run): number => numbers(run, "loss")[0]! - numbers(run, "cross_entropy")[0]!;
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softmax = (z: readonly number[]): number[] => {
  const e = z.map(Math.exp);
  return e.map((x) => x / sum(e));
};
const best = (keys: readonly number[], k: number): number[] =>
  range(keys.length)
    .sort((a, b) => keys[b]! - keys[a]! || a - b)
    .slice(0, k);
const variation = (xs: readonly number[]): number => {
  const mean = sum(xs) / xs.length;
  return sum(xs.map((x) => (x - mean) ** 2)) / xs.length / mean ** 2;
};
/** the uniform numbers of a stream, [U][E] */
const drawn = (stream: number, width = E): number[][] => rows(range(U * width).map((i) => uniform(SEED, 0, stream, i)));

/** Loads as [E]. */
const counted = (edges: readonly (readonly number[])[]): number[] =>
  range(E).map((e) => edges.flat().filter((x) => x === e).length);

describe("l1", () => {
  const router = "score linear\ngate relu\nselect positive\nweight gate\nbalance l1(0.5, target: 1/4)";
  const relu = (run: Run) => scoresOf(run).map((z) => z.map((x) => Math.max(x, 0)));

  it("weighs gates by how busy their expert is", () => {
    const run = trace(router);
    const gate = relu(run);
    const each = range(E).map((e) => sum(gate.map((r) => Number(r[e]! > 0))) * sum(gate.map((r) => r[e]!)));
    expect(balanceOf(run)).toBeCloseTo((0.5 * E * sum(each)) / (1 * U ** 2), 12);
  });

  it("is stronger after steps with too many positive gates, weaker after others", () => {
    const strengths = (target: string, steps: number): number[] => {
      const design = designOf({ layers: 1, router: router.replace("1/4", target) });
      const [train, look] = (["train", "trace"] as const).map((name) => programOf(design, name));
      const leaves = leavesOf(train!);
      for (const [name, leaf] of leavesOf(look!)) if (!leaves.has(name)) leaves.set(name, leaf);
      let strength = 0.5;
      return range(steps).map((step) => {
        seeded(step)(leaves);
        const gate = relu(interpret(look!, leaves)).flat();
        const { updates } = interpret(train!, leaves);
        for (const [name, value] of updates) leaves.set(name, value);
        const positive = sum(gate.map((r) => Number(r > 0))) / gate.length;
        strength = positive > (target === "1/4" ? 0.25 : 0.75) ? strength * 1.2 : strength / 1.2;
        expect(leaves.get(`${at}.router.l1_strength`)!.data[0]).toBeCloseTo(strength, 12);
        return strength;
      });
    };
    expect(strengths("1/4", 4).at(-1)).toBeGreaterThan(0.5);
    expect(strengths("3/4", 4).at(-1)).toBeLessThan(0.5);
  });
});

describe("load_balance", () => {
  const mixed = "experts 3 of swiglu(hidden: 3)\n  experts 1 of copy";
  const router = (bias: string) =>
    `score linear\ngate softmax\nbias load_balance(${bias})\nselect top(2) per token\nweight gate`;
  const moved = (bias: string, experts = mixed) => {
    const run = runProgram({ layers: 1, experts, router: router(bias) }, "train", undefined, seeded(0));
    const load = counted(edgesOf(trace(router(bias), { experts })));
    return { load, bias: Array.from(run.updates.get(`${at}.router.load_bias`)!.data) };
  };
  const close = (got: readonly number[], want: readonly number[]) =>
    want.forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, 12);
    });

  it("by pid moves experts that compute to their share of all edges", () => {
    const { load, bias } = moved("control: pid, target: 2/3, rate: 0.1");
    close(bias, [...load.slice(0, 3).map((n) => 0.1 * (2 / 3 / 3 - n / 24)), 0]);
    expect(load[3]).toBeGreaterThan(0);
  });

  it("by pid without a target moves all to an even share", () => {
    const { load, bias } = moved("control: pid, rate: 0.1");
    close(
      bias,
      load.map((n) => 0.1 * (1 / E - n / 24)),
    );
  });

  it("proportional, by sign, and with targets", () => {
    const even = moved("control: proportional, rate: 0.1");
    close(
      even.bias,
      even.load.map((n) => (0.1 * (6 - n)) / 6),
    );
    const aimed = moved("rate: 0.1, target: 0.75");
    close(aimed.bias, [...aimed.load.slice(0, 3).map((n) => 0.1 * Math.sign(6 - n)), 0]);
    const share = moved("control: proportional, rate: 0.1, target: 0.5");
    close(share.bias, [...share.load.slice(0, 3).map((n) => (0.1 * (4 - n)) / 4), 0]);
  });

  it("moves the experts that compute, wherever they stand", () => {
    const { load, bias } = moved(
      "control: pid, target: 0.5, rate: 0.1",
      "experts 1 of zero\n  experts 2 of relu(hidden: 3)\n  experts 1 of copy",
    );
    close(bias, [0, 0.1 * (0.25 - load[1]! / 24), 0.1 * (0.25 - load[2]! / 24), 0]);
  });
});

describe("quantile", () => {
  const router = "score linear\ngate sigmoid\nbias quantile(rate: 0.5)\nselect top(2) per token\nweight gate";
  const start = [0.2, -0.1, 0.05, 0];
  const biased = (leaves: Leaves): void => {
    seeded(0)(leaves);
    leaves.get(`${at}.router.quantile`)!.data.set(start);
  };

  it("is what an expert had to be better by for an even share, half of it beside half of the old", () => {
    const run = runProgram({ layers: 1, router }, "trace", undefined, biased);
    const scores = scoresOf(run).map((z) => z.map(sigmoid));
    const orders = scores.map((s) =>
      best(
        s.map((x, e) => x - start[e]!),
        E,
      ),
    );
    expect(edgesOf(run)).toEqual(orders.map((order) => order.slice(0, 2)));
    const worth = scores.map((s, u) => s[orders[u]![2]!]! - start[orders[u]![2]!]!);
    const trained = runProgram({ layers: 1, router }, "train", undefined, biased);
    const moved = Array.from(trained.updates.get(`${at}.router.quantile`)!.data);
    range(E).forEach((e) => {
      const margins = scores.map((s, u) => s[e]! - worth[u]!).sort((a, b) => b - a);
      // 12 units with 2 edges each over 4 experts: the seventh best would be one too many
      expect(moved[e]).toBeCloseTo(0.5 * start[e]! + 0.5 * margins[6]!, 12);
    });
  });

  it("is no update where units get every expert: there is nothing to be better than", () => {
    const all = router.replace("top(2) per token", "positive");
    expect([...runProgram({ layers: 1, router: all }, "train").updates.keys()]).not.toContain(`${at}.router.quantile`);
  });

  it("evens the load within a few steps", () => {
    const design = designOf({ layers: 1, router: router.replace("0.5", "0.7"), train: "optimize adamw(lr: 1e-9)" });
    const graph = programOf(design, "train");
    const leaves = leavesOf(graph);
    const loads = range(6).map((step) => {
      seeded(step)(leaves);
      const { updates, outputs } = interpret(graph, leaves);
      for (const [name, value] of updates) leaves.set(name, value);
      return Math.max(...Array.from(outputs.get(`${at}.load`)!.data));
    });
    expect(loads[0]).toBeGreaterThan(8);
    expect(loads.at(-1)).toBeLessThan(8);
  });
});

describe("load", () => {
  const erf = (x: number): number => {
    // a midpoint sum, good to ten decimals
    const n = 40_000;
    const h = x / n;
    return (2 / Math.sqrt(Math.PI)) * h * sum(range(n).map((i) => Math.exp(-(((i + 0.5) * h) ** 2))));
  };
  const phi = (x: number): number => (1 + erf(Math.max(-7, Math.min(7, x)) / Math.SQRT2)) / 2;
  const normal = range(2).map((i) => drawn(i + 1));
  const noise = normal[0]!.map((row, u) =>
    row.map((a, e) => Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * normal[1]![u]![e]!)),
  );
  const expected = (noisy: readonly number[][], sizes: readonly number[][], k: number): number[] =>
    range(E).map((e) =>
      sum(
        noisy.map((h, u) => {
          const others = h.filter((_, i) => i !== e).sort((a, b) => b - a);
          const clean = h[e]! - noise[u]![e]! * sizes[u]![e]!;
          return phi((clean - others[k - 1]!) / sizes[u]![e]!);
        }),
      ),
    );
  const base = (noiseLine: string, k: number) =>
    `score linear\nnoise ${noiseLine} while training\ngate softmax\nselect top(${k}) per token\nweight gate\nbalance load(0.3)`;

  it.each([1, 2, 3])("is how many units an expert can expect, %d edges a unit", (k) => {
    const run = trace(base("gaussian(std: 2)", k));
    const noisy = scoresOf(run);
    const sizes = noisy.map((z) => z.map(() => 2 / E));
    expect(balanceOf(run)).toBeCloseTo(0.3 * variation(expected(noisy, sizes, k)), 8);
  });

  it("reads the learned size of the noise", () => {
    const words = { layers: 1, router: base("gaussian(learned)", 2) };
    const zeroed = (leaves: Leaves): void => {
      seeded(0)(leaves);
      leaves.get(`${at}.router.noise.weight`)!.data.fill(0);
    };
    const run = runProgram(words, "trace", undefined, zeroed);
    const sizes = scoresOf(run).map((z) => z.map(() => Math.log(2)));
    expect(balanceOf(run)).toBeCloseTo(0.3 * variation(expected(scoresOf(run), sizes, 2)), 8);
  });

  it("counts edges where there is no noise, and says nothing where all are chosen", () => {
    const run = runProgram({ layers: 1, router: base("gaussian", 2) }, "evaluate", undefined, seeded(0));
    const edges = trace(base("gaussian", 2).replace(/noise.*/, "noise gaussian(std: 0)"));
    expect(balanceOf(run)).toBeCloseTo(0.3 * variation(counted(edgesOf(edges))), 12);
    expect(balanceOf(trace(base("gaussian", 4)))).toBeCloseTo(0, 12);
  });
});

describe("losses of the router's certainty and excess", () => {
  const base = (gate: string) => `score linear\ngate ${gate}\nselect top(2) per token\nweight gate`;

  it("entropy", () => {
    const run = trace(`${base("softmax")}\nbalance entropy(0.5)`);
    const p = scoresOf(run).map(softmax);
    expect(balanceOf(run)).toBeCloseTo((-0.5 * sum(p.flat().map((x) => x * Math.log(x)))) / U, 12);
  });

  it("stable", () => {
    const run = trace(`${base("sigmoid")}\nbalance stable(0.5)`);
    const [z, edges] = [scoresOf(run), edgesOf(run)];
    const load = counted(edges);
    const mean = sum(load) / E;
    const each = range(E).map(
      (e) => ((load[e]! - mean) / mean) * sum(z.map((row, u) => (edges[u]!.includes(e) ? sigmoid(row[e]!) : 0))),
    );
    expect(balanceOf(run)).toBeCloseTo((0.5 * sum(each)) / U, 12);
  });

  it("device is switch over groups", () => {
    const run = trace(`${base("softmax")}\nbalance device(0.5, groups: 2)`);
    const [p, load] = [scoresOf(run).map(softmax), counted(edgesOf(run))];
    const group = (xs: readonly number[], d: number): number => xs[2 * d]! + xs[2 * d + 1]!;
    // f' is the mean of E/(k·U)·count over the group, P' the sum of the mean gates
    const each = [0, 1].map((d) => ((E / (2 * U)) * group(load, d) * 0.5 * sum(p.map((row) => group(row, d)))) / U);
    expect(balanceOf(run)).toBeCloseTo(0.5 * sum(each), 12);
  });
});

describe("a student", () => {
  const router =
    "score linear\nscore embedding(dim: 3) as student\ngate sigmoid\nselect top(1) per token until step(2)\nselect top(1) per token by student from step(2)\nweight gate\nbalance distill(0.5) until step(2)\nbalance stable(0.1) until step(2)";
  const words: Words = { layers: 1, router };
  const leaves = (program: ProgramName, step: number): { run: Run; given: Leaves } => {
    let given: Leaves = new Map();
    const run = runProgram(words, program, undefined, (all) => {
      seeded(step)(all);
      given = all;
    });
    return { run, given };
  };
  const studentScores = (given: Leaves): number[][] => {
    const table = given.get(`${at}.router.1.embedding.weight`)!.data;
    const weight = given.get(`${at}.router.1.weight`)!.data;
    return Array.from(given.get("tokens")!.data, (id) =>
      range(E).map((e) => sum(range(3).map((d) => table[id * 3 + d]! * weight[e * 3 + d]!))),
    );
  };

  it("learns what the router chooses", () => {
    const { run, given } = leaves("trace", 1);
    const [student, edges] = [studentScores(given), edgesOf(run)];
    expect(edges).toEqual(scoresOf(run).map((z) => best(z, 1)));
    const taught = -0.5 * (sum(student.map((s, u) => Math.log(softmax(s)[edges[u]![0]!]!))) / U);
    const plain = runProgram(
      { ...words, router: router.replace(/\nbalance distill.*\n/, "\n") },
      "trace",
      undefined,
      seeded(1),
    );
    expect(balanceOf(run) - balanceOf(plain)).toBeCloseTo(taught, 12);
  });

  it("chooses alone, and weighs by the router's gate, once it may", () => {
    const { run, given } = leaves("trace", 2);
    const edges = studentScores(given).map((s) => best(s, 1));
    expect(edgesOf(run)).toEqual(edges);
    expect(edges).not.toEqual(scoresOf(run).map((z) => best(z, 1)));
    const weights = rows(numbers(run, `${at}.edges.weight`));
    scoresOf(run).forEach((z, u) => {
      expect(weights[u]![0]).toBeCloseTo(sigmoid(z[edges[u]![0]!]!), 12);
    });
    expect(balanceOf(run)).toBeCloseTo(0, 12);
  });

  it("is frozen from then on, decay and momentum included", () => {
    const frozen = ["weight", "embedding.weight"].map((name) => `${at}.router.1.${name}`);
    for (const [step, still] of [
      [1, false],
      [2, true],
    ] as const) {
      const { run, given } = leaves("train", step);
      for (const name of frozen) {
        const [before, after] = [given.get(name)!.data, run.updates.get(name)!.data];
        expect(after.every((x, i) => x === before[i])).toBe(still);
      }
    }
  });

  it("sees only what a mask leaves", () => {
    const masked = { ...words, tiers: "tier all otherwise sees 2", router: `${router}\nmask Visible[token_id]` };
    const sees = (id: number): number[] => [id % E, (id + 1) % E];
    let given: Leaves = new Map();
    const run = runProgram(masked, "trace", sees, (all) => {
      seeded(2)(all);
      given = all;
    });
    const ids = Array.from(given.get("tokens")!.data);
    const want = studentScores(given).map((s, u) =>
      best(
        s.map((x, e) => (sees(ids[u]!).includes(e) ? x : -1e9)),
        1,
      ),
    );
    expect(edgesOf(run)).toEqual(want);
    expect(Math.max(...ids)).toBeLessThan(V);
  });
});

describe("chance", () => {
  it("gumbel noise moves the choice and nothing else", () => {
    const run = trace(
      "score linear\nnoise gumbel(2)\ngate softmax\nselect top(2) per token\nweight gate\nbalance switch(0.1)",
    );
    const u = drawn(1);
    const z = scoresOf(run);
    const keys = z.map((row, t) => row.map((x, e) => x - 2 * Math.log(-Math.log(Math.max(u[t]![e]!, 2 ** -25)))));
    expect(edgesOf(run)).toEqual(keys.map((row) => best(row, 2)));
    expect(edgesOf(run)).not.toEqual(z.map((row) => best(row, 2)));
    edgesOf(run).forEach((edges, t) => {
      const weights = rows(numbers(run, `${at}.edges.weight`))[t]!;
      edges.forEach((e, k) => {
        expect(weights[k]).toBeCloseTo(softmax(z[t]!)[e]!, 12);
      });
    });
  });

  it.each([0.5, 0.2])("thinned second choices stay in proportion to their gate, %f", (threshold) => {
    const run = trace(
      `score linear\ngate softmax\nselect top(3) per token thinned(${threshold})\nweight gate renormalized`,
    );
    const u = drawn(1, 3);
    const want = scoresOf(run).map((z, t) => {
      const p = softmax(z);
      const top = best(p, 3);
      const all = sum(top.map((e) => p[e]!));
      return top.map((e, k) => (k === 0 || u[t]![k]! < Math.min(1, p[e]! / all / threshold) ? e : -1));
    });
    expect(edgesOf(run)).toEqual(want);
    expect(want.flat()).toContain(-1);
  });
});

describe("gradients are differences of the loss", () => {
  const cases: Readonly<Record<string, string>> = {
    l1: "score linear\ngate relu\nselect positive\nweight gate\nbalance l1(2, target: 1/4)",
    load: "score linear\nnoise gaussian(learned)\ngate softmax\nselect top(2) per token\nweight gate\nbalance load(2)",
    entropy: "score linear\ngate softmax\nselect top(2) per token\nweight gate\nbalance entropy(2)",
    stable: "score linear\ngate sigmoid\nselect top(2) per token\nweight gate\nbalance stable(2)",
    device: "score linear\ngate softmax\nselect top(2) per token\nweight gate\nbalance device(2, groups: 2)",
    distill:
      "score linear\nscore embedding(dim: 3) as student\ngate sigmoid\nselect top(2) per token\nweight gate\nbalance distill(2)",
  };
  it.each(Object.entries(cases))("%s", (_, router) => {
    const graph = programOf(designOf({ layers: 1, router, experts: "experts 4 of relu(hidden: 2)" }), "trace");
    const leaves = leavesOf(graph);
    seeded(0)(leaves);
    const { outputs } = interpret(graph, leaves);
    const weights = [...leaves.keys()].filter(
      (name) => name.startsWith(`${at}.router.`) && outputs.has(`grad.${name}`),
    );
    expect(weights.length).toBeGreaterThan(0);
    for (const name of weights) {
      const { data } = leaves.get(name)!;
      for (const i of [0, 1, Math.floor(data.length / 2), data.length - 1]) {
        const [x, h] = [data[i]!, 1e-5];
        const [up, down] = [x + h, x - h].map((value) => {
          data[i] = value;
          return interpret(graph, leaves).outputs.get("loss")!.data[0]!;
        });
        data[i] = x;
        const slope = outputs.get(`grad.${name}`)!.data[i]!;
        expect(Math.abs(slope - (up! - down!) / (2 * h))).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
      }
    }
  });
});
