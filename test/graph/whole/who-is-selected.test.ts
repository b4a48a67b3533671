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

describe.each(Object.entries({ ...cases, ...limits, ...units }))("%s", (_, each) => {
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
      return [0, Math.floor(data.length / 2), data.length - 1]
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
