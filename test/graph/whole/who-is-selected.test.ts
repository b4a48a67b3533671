/** Who is selected and what is limited: every router against loops over its equations, values and slopes. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../../src/3-graph/interpreter.js";
import { buildProgram } from "../../../src/3-graph/programs.js";
import { verify } from "../../../src/3-graph/verify.js";
import { dispatch } from "../../../src/4-dispatch/dispatch.js";
import { strategies } from "../../../src/4-dispatch/strategies/index.js";
import { distance } from "../run.js";
import { type Leaves, leavesOf } from "./designs.js";
import {
  B,
  combined,
  falling,
  type Layer,
  layerDesign,
  lossByLoops,
  type Mix,
  mean,
  plus,
  S,
  sigmoid,
  softmax,
  times,
  V,
} from "./one-layer.js";

interface Case {
  readonly layer: Layer;
  readonly mix: Mix;
  readonly seq?: number;
}

const E = 4;
const sequenceOf = (u: number): number => Math.floor(u / S);
/** numbers 0 … n − 1 */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Every expert takes its best `taken` units among those of each group. */
const expertChoice =
  (taken: number, groupOf: (u: number) => number, rest: "copy" | "zero"): Mix =>
  (h, w) => {
    const p = h.map((x) => softmax(w.product("router.weight", x)));
    const edges: [number, number][][] = h.map(() => []);
    for (const group of new Set(h.map((_, u) => groupOf(u))))
      for (const e of upTo(E)) {
        const keys = p.map((row, u) => (groupOf(u) === group ? row[e]! : Number.NEGATIVE_INFINITY));
        for (const u of falling(keys).slice(0, taken)) edges[u]!.push([e, p[u]![e]!]);
      }
    return { y: combined(h, edges, w, rest) };
  };

/** The best `taken` units of every sequence go to their best expert, of the first `scored`. */
const depth =
  (taken: number, scored: number, rest: "copy" | "zero"): Mix =>
  (h, w) => {
    const gate = h.map((x) => w.product("router.weight", x, 0, scored).map(sigmoid));
    const edges: [number, number][][] = h.map(() => []);
    for (const b of upTo(B)) {
      const most = gate.map((row, u) => (sequenceOf(u) === b ? Math.max(...row) : Number.NEGATIVE_INFINITY));
      for (const u of falling(most).slice(0, taken)) {
        const e = gate[u]!.indexOf(most[u]!);
        edges[u] = [[e, gate[u]![e]!]];
      }
    }
    return {
      y: combined(h, edges, { ...w, expert: (e, x) => w.expert(e, x, scored < E ? "experts.0" : "experts") }, rest),
    };
  };

interface Limit {
  readonly k: number;
  readonly room: readonly number[];
  readonly by: "position" | "score";
  readonly otherwise: "drop" | "next" | "copy";
  readonly renormalized?: boolean;
  /** experts that compute something are the first group, then copies, then zeros */
  readonly computing?: number;
}

/** The best k experts of every unit, as far as they have room. */
const limited =
  ({ k, room, by, otherwise, renormalized = false, computing }: Limit): Mix =>
  (h, w) => {
    const p = h.map((x) => softmax(w.product("router.weight", x)));
    const queue = upTo(k).flatMap((i) => p.map((row, u) => ({ u, e: falling(row)[i]! })));
    const weightOf = (u: number, e: number): number => p[u]![e]!;
    if (by === "score") queue.sort((a, b) => weightOf(b.u, b.e) - weightOf(a.u, a.e));
    const left = [...room];
    const got: number[][] = h.map(() => []);
    const copies = h.map(() => 0);
    for (const { u, e } of queue) {
      const others = otherwise === "next" ? falling(p[u]!) : [];
      const found = [e, ...others].find((c) => left[c]! > 0 && !got[u]!.includes(c));
      if (found !== undefined) {
        left[found]!--;
        got[u]!.push(found);
      } else if (otherwise === "copy") copies[u]! += weightOf(u, e);
    }
    const edges = got.map((own, u) => {
      const total = renormalized ? own.reduce((sum, e) => sum + weightOf(u, e), 0) : 1;
      return own.map((e): [number, number] => [e, weightOf(u, e) / total]);
    });
    const kinds = (e: number, x: number[]): number[] =>
      computing === undefined
        ? w.expert(e, x)
        : e < computing
          ? w.expert(e, x, "experts.0")
          : times(x, e === computing ? 1 : 0);
    const y = combined(h, edges, { ...w, expert: kinds }, "zero");
    return { y: y.map((row, u) => plus(row, times(h[u]!, copies[u]!))) };
  };

/** Runs of `length` tokens are units: all of their tokens go where the mean or the first of them does. */
const runsOf =
  (length: number, seq: number, reads: "mean" | "first"): Mix =>
  (h, w) => {
    const y: number[][] = [];
    for (let from = 0; from < h.length; ) {
      const place = from % seq;
      const own = h.slice(from, from + Math.min(length, seq - place));
      const p = softmax(w.product("router.weight", reads === "mean" ? mean(own) : own[0]!));
      const best = falling(p).slice(0, 2);
      y.push(...own.map((x) => best.map((e) => times(w.expert(e, x), p[e]!)).reduce(plus)));
      from += own.length;
    }
    return { y };
  };

const limit = (k: number, rule: string): Layer => ({ router: `${chosen(`top(${k}) per token`)}\nlimit ${rule}` });
const passing = "experts 3 of swiglu(hidden: 5)\n  experts 1 of copy\n  experts 1 of zero";
const chosen = (select: string, gate = "softmax"): string =>
  `score linear\ngate ${gate}\nselect ${select}\nweight gate`;
const mixedKinds = "experts 1 of swiglu(hidden: 5)\n  experts 1 of copy";

const cases: Readonly<Record<string, Case>> = {
  "Expert Choice": {
    layer: { router: chosen("top(capacity(2.0)) per expert within batch") },
    mix: expertChoice(6, () => 0, "copy"),
  },
  "Expert Choice within a sequence, rest zero": {
    layer: { router: `${chosen("top(capacity(1.0)) per expert within sequence")}\nrest zero` },
    mix: expertChoice(2, sequenceOf, "zero"),
  },
  "Expert Choice with a loss on first choices": {
    layer: { router: `${chosen("top(capacity(1.5)) per expert within batch")}\nbalance gshard(0.5)` },
    mix: (h, w) => {
      const p = h.map((x) => softmax(w.product("router.weight", x)));
      const takes = (e: number): number[] => falling(p.map((row) => row[e]!)).slice(0, 5);
      const taken = upTo(E).map(takes);
      const firsts = p.flatMap((row, u) => {
        const own = upTo(E).filter((e) => taken[e]!.includes(u));
        return own.length === 0 ? [] : [own.reduce((a, b) => (row[b]! > row[a]! ? b : a))];
      });
      const share = (e: number): number => firsts.filter((x) => x === e).length / firsts.length;
      const loss = 0.5 * E * upTo(E).reduce((sum, e) => sum + share(e) * mean(p)[e]!, 0);
      return { ...expertChoice(5, () => 0, "copy")(h, w), loss };
    },
  },
  "Expert Choice, a share": {
    layer: { router: chosen("top(30%) per expert within batch") },
    mix: expertChoice(4, () => 0, "copy"),
  },
  "Expert Choice, more units than there are": {
    layer: { router: chosen("top(100) per expert within sequence") },
    mix: expertChoice(S, sequenceOf, "copy"),
  },
  "Mixture of Depths": {
    layer: {
      experts: mixedKinds,
      router: `${chosen("top(30%) per sequence", "sigmoid").replace("linear", "linear(to: 1)")}\nrest copy`,
    },
    mix: depth(2, 1, "copy"),
  },
  "Mixture of Depths with several experts": {
    layer: { router: `${chosen("top(3) per sequence", "sigmoid")}\nrest zero` },
    mix: depth(3, E, "zero"),
  },
};

const even = (n: number): number[] => upTo(E).map(() => n);
const limits: Readonly<Record<string, Case>> = {
  "capacity by position": {
    layer: limit(2, "capacity(0.6) else drop"),
    mix: limited({ k: 2, room: even(4), by: "position", otherwise: "drop" }),
  },
  "capacity by score": {
    layer: limit(2, "capacity(0.6) else drop by score"),
    mix: limited({ k: 2, room: even(4), by: "score", otherwise: "drop" }),
  },
  "capacity, the next best": {
    layer: limit(1, "capacity(1.0) else next"),
    mix: limited({ k: 1, room: even(3), by: "position", otherwise: "next" }),
  },
  "capacity, the next best by score, two edges": {
    layer: limit(2, "capacity(0.7) else next by score"),
    mix: limited({ k: 2, room: even(5), by: "score", otherwise: "next" }),
  },
  "capacity, the next best of renormalized gates": {
    layer: { router: `${chosen("top(2) per token")} renormalized\nlimit capacity(0.9) else next` },
    mix: limited({ k: 2, room: even(6), by: "position", otherwise: "next", renormalized: true }),
  },
  "capacity, a copy instead": {
    layer: limit(2, "capacity(0.5) else copy by score"),
    mix: limited({ k: 2, room: even(3), by: "score", otherwise: "copy" }),
  },
  "capacity below one place": {
    layer: limit(1, "capacity(0.01) else drop"),
    mix: limited({ k: 1, room: even(1), by: "position", otherwise: "drop" }),
  },
  "capacity of MoE++": {
    layer: { experts: passing, ...limit(2, "capacity(0.6, ffn_share: 50%) else drop") },
    // 0.6 · 24 / (0.5 · 3 + 2) = 4.11
    mix: limited({ k: 2, room: [3, 3, 3, 5, 5], by: "position", otherwise: "drop", computing: 3 }),
  },
  "capacity of MoE++, the next best": {
    layer: { experts: passing, ...limit(2, "capacity(0.8, ffn_share: 50%) else next by score") },
    mix: limited({ k: 2, room: [3, 3, 3, 6, 6], by: "score", otherwise: "next", computing: 3 }),
  },
};

const units: Readonly<Record<string, Case>> = {
  "chunks of two": { layer: { unit: "chunk(2)", router: chosen("top(2) per chunk") }, mix: runsOf(2, S, "mean") },
  "chunks that leave a rest": { layer: { unit: "chunk(4)", router: chosen("top(2)") }, mix: runsOf(4, S, "mean") },
  "chunks that go where their first token does": {
    layer: { unit: "chunk(4, reads: first)", router: chosen("top(2) per chunk") },
    mix: runsOf(4, S, "first"),
  },
  sequences: { layer: { unit: "sequence", router: chosen("top(2) per sequence") }, mix: runsOf(S, S, "mean") },
};

/** The best sum over all ways to give every expert floor or ceil of its part of the units: the expert of each. */
function bestEven(scores: readonly (readonly number[])[], experts: number): number[] {
  const [low, high] = [Math.floor(scores.length / experts), Math.ceil(scores.length / experts)];
  let best: { sum: number; chosen: number[] } = { sum: Number.NEGATIVE_INFINITY, chosen: [] };
  const search = (chosen: number[], load: number[], sum: number): void => {
    if (chosen.length === scores.length) {
      if (Math.min(...load) >= low && sum > best.sum) best = { sum, chosen };
      return;
    }
    for (const e of upTo(experts))
      if (load[e]! < high)
        search(
          [...chosen, e],
          load.map((n, i) => (i === e ? n + 1 : n)),
          sum + scores[chosen.length]![e]!,
        );
  };
  search(
    [],
    upTo(experts).map(() => 0),
    0,
  );
  return best.chosen;
}

/** Units of each group are given out evenly; the weight is a sigmoid of the score. */
const base =
  (experts: number, groupOf: (u: number) => number): Mix =>
  (h, w) => {
    const z = h.map((x) => w.product("router.weight", x));
    const edges: [number, number][][] = h.map(() => []);
    for (const group of new Set(h.map((_, u) => groupOf(u)))) {
      const own = upTo(h.length).filter((u) => groupOf(u) === group);
      const chosen = bestEven(
        own.map((u) => z[u]!),
        experts,
      );
      own.forEach((u, i) => {
        edges[u] = [[chosen[i]!, sigmoid(z[u]![chosen[i]!]!)]];
      });
    }
    return { y: combined(h, edges, w, "zero") };
  };

/** exp(z / τ) is scaled until rows and columns weigh the same; every unit takes the largest of its row. */
const scaled =
  (rounds: number, temperature?: number): Mix =>
  (h, w) => {
    const scores = h.map((x) => w.product("router.weight", x));
    const mean = upTo(E).map((e) => scores.reduce((sum, own) => sum + own[e]!, 0) / h.length);
    const apart = scores.map((own) => own.map((x, e) => x - mean[e]!));
    const spread = Math.sqrt(apart.flat().reduce((sum, x) => sum + x * x, 0) / (h.length * E));
    const z = apart.map((own) => own.map((x) => (x - Math.max(...own)) / (temperature ?? spread / 10)));
    let column = upTo(E).map(() => 1);
    for (let i = 0; i < rounds; i++) {
      const row = z.map((own) => 1 / own.reduce((sum, x, e) => sum + Math.exp(x) * column[e]!, 0));
      column = upTo(E).map((e) => h.length / E / z.reduce((sum, own, u) => sum + Math.exp(own[e]!) * row[u]!, 0));
    }
    const edges = z.map((own, u): [number, number][] => {
      const e = falling(own.map((x, i) => Math.exp(x) * column[i]!))[0]!;
      return [[e, sigmoid(scores[u]![e]!)]];
    });
    return { y: combined(h, edges, w, "zero") };
  };

/** Slots read a softmax over the tokens of a sequence, tokens read a softmax over slots. */
const softly =
  (expertOf: readonly number[], prefixOf: (e: number) => readonly [string, number] = (e) => ["experts", e]): Mix =>
  (h, w) => {
    const y: number[][] = [];
    for (const b of upTo(B)) {
      const x = h.slice(b * S, (b + 1) * S);
      const z = x.map((row) => w.product("router.weight", row));
      const given = expertOf.map((e, j) => {
        const share = softmax(z.map((row) => row[j]!));
        const [prefix, own] = prefixOf(e);
        return w.expert(own, x.map((row, s) => times(row, share[s]!)).reduce(plus), prefix);
      });
      y.push(
        ...z.map((row) =>
          softmax(row)
            .map((c, j) => times(given[j]!, c))
            .reduce(plus),
        ),
      );
    }
    return { y };
  };

const evenly: Readonly<Record<string, Case>> = {
  "BASE, in the batch": {
    layer: { experts: "experts 2 of swiglu(hidden: 5)", router: chosen("balanced per batch", "sigmoid") },
    mix: base(2, () => 0),
  },
  "BASE, in sequences that do not divide": {
    layer: { router: chosen("balanced per sequence", "sigmoid") },
    mix: base(E, sequenceOf),
  },
  "BASE by Sinkhorn's scaling": {
    layer: { router: chosen("balanced(by: sinkhorn, rounds: 3) per batch", "sigmoid") },
    mix: scaled(3),
  },
  "BASE by Sinkhorn's scaling, as warm as scores are": {
    layer: { router: chosen("balanced(by: sinkhorn, rounds: 3, temperature: 1) per batch", "sigmoid") },
    mix: scaled(3, 1),
  },
};

/** Adds the loss of the predictor, which reads the units as they were at first: it does not move them. */
function foretold(mix: Mix, chosenOf: (h: readonly number[][], w: Parameters<Mix>[1]) => number[][]): Mix {
  let before: { readonly h: readonly number[][]; readonly truth: number[][] } | undefined;
  return (h, w) => {
    before ??= { h, truth: chosenOf(h as number[][], w) };
    const bias = w.numbers("router.predictor.bias");
    const said = before.h.map((x) => w.product("router.predictor.weight", x).map((p, i) => p + bias[i]!));
    const terms = said.flatMap((row, u) =>
      row.map((p, i) => (before!.truth[u]![i] === 1 ? -Math.log(sigmoid(p)) : -Math.log(1 - sigmoid(p)))),
    );
    return { ...mix(h, w), loss: terms.reduce((a, b) => a + b, 0) / terms.length };
  };
}

/** Whether unit u is among the best `taken` of its sequence, ties to the earlier. */
function isAmong(keys: readonly number[], u: number, taken: number): boolean {
  const rivals = upTo(S).map((i) => sequenceOf(u) * S + i);
  return rivals.filter((at) => keys[at]! > keys[u]! || (keys[at] === keys[u] && at < u)).length < taken;
}

const first = (taken: number) => (h: readonly number[][], w: Parameters<Mix>[1]) => {
  const keys = h.map((x) => w.product("router.weight", x, 0, 1)[0]!);
  return keys.map((_, u) => [Number(isAmong(keys, u, taken))]);
};

const depthRouter =
  "score linear(to: 1)\ngate sigmoid\nselect top(30%) per sequence\nrest copy\nweight gate\nbalance predictor(bce)";
const choiceRouter = `${chosen("top(capacity(1.0)) per expert within sequence")}\nbalance predictor(bce)`;
const predictors: Readonly<Record<string, Case>> = {
  "Mixture of Depths with a predictor": {
    layer: { experts: mixedKinds, router: depthRouter },
    mix: foretold(depth(2, 1, "copy"), first(2)),
  },
  "Expert Choice with a predictor": {
    layer: { router: choiceRouter },
    mix: foretold(expertChoice(2, sequenceOf, "copy"), (h, w) => {
      const p = h.map((x) => softmax(w.product("router.weight", x)));
      const columns = upTo(E).map((e) => p.map((row) => row[e]!));
      return p.map((_, u) => columns.map((keys) => Number(isAmong(keys, u, 2))));
    }),
  },
};

it("BASE gives units out evenly while training, and to their best experts while inferring", () => {
  const select = "balanced per batch while training\nselect top(1) per token while inferring";
  const design = layerDesign({ experts: "experts 2 of swiglu(hidden: 5)", router: chosen(select, "sigmoid") });
  const runOf = (name: "trace" | "evaluate") => {
    const graph = verify(buildProgram(design, name, { batch: B, seq: S }, (g) => dispatch(g, design).graph));
    const leaves = leavesOf(graph);
    return { loss: interpret(graph, leaves).outputs.get("loss")!.data[0], leaves };
  };
  const [training, inferring] = [runOf("trace"), runOf("evaluate")];
  expect(training.loss).toBeCloseTo(
    lossByLoops(
      training.leaves,
      base(2, () => 0),
    ),
    10,
  );
  const best: Mix = (h, w) => {
    const z = h.map((x) => w.product("router.weight", x));
    const edges = z.map((row): [number, number][] => [[falling(row)[0]!, sigmoid(Math.max(...row))]]);
    return { y: combined(h, edges, w, "zero") };
  };
  expect(inferring.loss).toBeCloseTo(lossByLoops(inferring.leaves, best), 10);
  expect(inferring.loss).not.toBeCloseTo(training.loss!, 6);
});

describe("while text is written", () => {
  it.each([
    { name: "Mixture of Depths", layer: { experts: mixedKinds, router: depthRouter } },
    { name: "Expert Choice", layer: { router: choiceRouter } },
  ])("a predictor replaces the choice: $name", ({ layer }) => {
    const design = layerDesign(layer);
    const program = (name: "sample" | "evaluate") => {
      const graph = verify(buildProgram(design, name, { batch: B, seq: S }, (g) => dispatch(g, design).graph));
      const leaves = leavesOf(graph);
      const logits = (): number[] => Array.from(interpret(graph, leaves).outputs.get("logits")!.data);
      const tokens = leaves.get("tokens")!.data;
      const [before, last] = [logits(), tokens[S - 1]!];
      // the last token of the first sequence becomes others
      const moved = [1, 2, 3, 4, 5, 6].flatMap((step) => {
        tokens[S - 1] = (last + step) % V;
        const after = logits();
        return upTo(B * S).filter((t) => before.slice(t * V, t * V + V).some((x, i) => x !== after[t * V + i]));
      });
      return new Set(moved);
    };
    expect(program("sample")).toEqual(new Set([S - 1]));
    expect(program("evaluate").size).toBeGreaterThan(1);
  });

  it("chooses as the predictor says", () => {
    const design = layerDesign({ experts: mixedKinds, router: depthRouter });
    const graph = verify(buildProgram(design, "sample", { batch: B, seq: S }, (g) => dispatch(g, design).graph));
    const leaves = leavesOf(graph);
    const logits = Array.from(interpret(graph, leaves).outputs.get("logits")!.data);
    const targets = upTo(B * S).map((t) => (t * 5) % V);
    leaves.set("targets", { ...leaves.get("tokens")!, data: Int32Array.from(targets) });
    const got =
      targets.reduce((sum, id, t) => sum - Math.log(softmax(logits.slice(t * V, t * V + V))[id]!), 0) / (B * S);
    const count = { chosen: 0 };
    const want = lossByLoops(leaves, (h, w) => {
      const bias = w.numbers("router.predictor.bias")[0]!;
      const edges = h.map((x): [number, number][] => {
        const takes = w.product("router.predictor.weight", x)[0]! + bias > 0;
        count.chosen += Number(takes);
        return takes ? [[0, sigmoid(w.product("router.weight", x)[0]!)]] : [];
      });
      return { y: combined(h, edges, { ...w, expert: (e, x) => w.expert(e, x, "experts.0") }, "copy") };
    });
    expect(got).toBeCloseTo(want, 10);
    expect(count.chosen).toBeGreaterThan(0);
    expect(count.chosen).toBeLessThan(B * S);
  });
});

const softRouter = "score linear\nselect all\ndispatch softmax over tokens\nweight softmax over slots";
const soft: Readonly<Record<string, Case>> = {
  "Soft MoE": {
    layer: { experts: "experts 4 of swiglu(hidden: 5) with slots(1)", router: softRouter },
    mix: softly([0, 1, 2, 3]),
  },
  "Soft MoE, several slots": {
    layer: { experts: "experts 3 of swiglu(hidden: 5) with slots(2)", router: softRouter },
    mix: softly([0, 0, 1, 1, 2, 2]),
  },
  "Soft MoE, unequal slots": {
    layer: {
      experts: "experts 2 of swiglu(hidden: 5) with slots(1)\n  experts 1 of swiglu(hidden: 5) with slots(3)",
      router: softRouter,
    },
    mix: softly([0, 1, 2, 2, 2], (e) => (e < 2 ? ["experts.0", e] : ["experts.1", 0])),
  },
};

/** Every result of one strategy that is legal, and its name. */
function runs({ layer, seq = S }: Case) {
  const design = layerDesign(layer);
  const built = strategies.flatMap(({ name }) => {
    try {
      const graph = verify(
        buildProgram(
          design,
          "trace",
          { batch: B, seq },
          (g) => dispatch(g, design, { strategies: { Mixture: name } }).graph,
        ),
      );
      return [{ name, graph }];
    } catch {
      return []; // not legal here
    }
  });
  const leaves = leavesOf(built.at(-1)!.graph);
  return { leaves, runs: built.map(({ name, graph }) => ({ name, graph, outputs: interpret(graph, leaves).outputs })) };
}

describe.each(Object.entries({ ...cases, ...limits, ...units, ...evenly, ...soft, ...predictors }))("%s", (_, each) => {
  const { leaves, runs: all } = runs(each);
  const oracle = all.at(-1)!;

  it("has the loss of the equations", () => {
    expect(oracle.name).toBe("one-hot");
    expect(oracle.outputs.get("loss")!.data[0]).toBeCloseTo(lossByLoops(leaves, each.mix), 10);
  });

  it("has gradients that are slopes of the equations", () => {
    const params = oracle.graph.nodes.flatMap(({ op }) => (op.kind === "param" ? [op.name] : []));
    const wrong = params.flatMap((name) => {
      const { data } = leaves.get(name)!;
      const grad = oracle.outputs.get(`grad.${name}`)!.data;
      return [Math.floor(data.length / 3), data.length - 1]
        .map((i) => ({ i, slope: slope(leaves, data, i, each.mix) }))
        .filter((at) => !(Math.abs(grad[at.i]! - at.slope) < 1e-7 * Math.max(1, Math.abs(at.slope))))
        .map((at) => `${name}[${at.i}]: ${grad[at.i]} is not ${at.slope}`);
    });
    expect(wrong).toEqual([]);
  });

  it("is the same under every strategy", () => {
    expect(all.length).toBeGreaterThan(1);
    for (const { outputs } of all)
      for (const [name, want] of oracle.outputs)
        expect([name, distance(want, outputs.get(name)!) < 1e-11]).toEqual([name, true]);
  });
});

/** Central difference through the loops. */
function slope(leaves: Leaves, data: { [i: number]: number }, i: number, mix: Mix): number {
  const [was, h] = [data[i]!, 1e-5];
  data[i] = was + h;
  const up = lossByLoops(leaves, mix);
  data[i] = was - h;
  const down = lossByLoops(leaves, mix);
  data[i] = was;
  return (up - down) / (2 * h);
}
