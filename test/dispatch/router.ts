/** Routers of the dispatch tests: a design from text, and one layer that scores, masks, chooses and dispatches as it says. */
import { parse } from "../../src/1-syntax/parse.js";
import type { Design } from "../../src/2-design/design.js";
import { resolve } from "../../src/2-design/resolve.js";
import { createBuilder } from "../../src/3-graph/builder.js";
import { logSumExp, softmax } from "../../src/3-graph/compose/softmax.js";
import { add, mul, select, square } from "../../src/3-graph/expr-build.js";
import { forward } from "../../src/3-graph/forward/model.js";
import type { Axis, Graph } from "../../src/3-graph/graph.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { noise, randomTensor } from "../graph/run.js";

export interface Spec {
  /** tiers of the table `Visible` */
  readonly tiers?: string;
  /** lines of the router */
  readonly router: string;
  readonly experts?: string;
  /** d_model; 4 if not given */
  readonly width?: number;
}

const text = ({ tiers, router, experts = "experts 6 of swiglu(hidden: 5)", width = 4 }: Spec): string => `edition 1

model Small {
  vocab = 12
  context = 8
  d_model = ${width}
  embed tokens tied
  repeat 2 of Layer
  head linear
}

block Layer {
  residual Mixture after rms
}
${tiers === undefined ? "" : `\ntable Visible {\n  key = token_id\n  value = subset(of: Mixture.experts)\n  ${tiers.replaceAll("\n", "\n  ")}\n  assign random(seed: 1) per layer\n}\n`}
moe Mixture {
  unit = token

  ${experts}

  router {
    ${router.trim().replaceAll(/\n\s*/g, "\n    ")}
  }
}
`;

/** The design of a small model with this router; fails with the diagnostics if it has errors. */
export function designOf(spec: Spec): Design {
  const { ast, diagnostics, broken } = parse({ path: "small.moe", text: text(spec) });
  const resolved = resolve(ast, { broken });
  if (resolved.design !== undefined) return resolved.design;
  throw new Error(
    [...diagnostics, ...resolved.diagnostics].map(({ code, message }) => `${code} ${message}`).join("\n"),
  );
}

/** The forward pass as a training step keeps it: what only a trace asks for would forbid every rewrite. */
export function trainingGraph(design: Design, batch: number, seq: number): Graph {
  const graph = forward(design, { batch, seq, training: true });
  const kept = [...graph.outputs].filter(([name]) => !/(^logits|router\.(scores|entropy))$/.test(name));
  return { ...graph, outputs: new Map(kept), updates: [] };
}

/** Number of the 1-based line of `small.moe` that holds the words. */
export function lineWith(spec: Spec, words: string): number {
  return (
    text(spec)
      .split("\n")
      .findIndex((line) => line.includes(words)) + 1
  );
}

export interface LayerOptions {
  readonly k?: number;
  /** experts that a token may see */
  readonly sees: (token: number) => readonly number[];
  /** most experts that a token may see; as many as the tokens see if not given */
  readonly most?: number;
  readonly bias?: boolean;
  /** choose from scores instead of gates */
  readonly chooseByScore?: boolean;
  /** a loss on all scores, and the line that asked for it */
  readonly zLoss?: string;
  /** keep the scores as a result */
  readonly keepScores?: boolean;
  readonly units?: number;
}

const [VOCAB, WIDTH, EXPERTS, HIDDEN] = [12, 4, 6, 5];

/** One layer: score linear, mask, softmax over visible, top(k), weight gate; and a balance loss over visible experts. */
export function buildLayer(options: LayerOptions): {
  readonly graph: Graph;
  readonly leaves: ReadonlyMap<string, Tensor>;
} {
  const g = createBuilder();
  const next = noise(3);
  const leaves = new Map<string, Tensor>();
  const axis = (name: string, size: number): Axis => ({ name, size });
  const [U, V, C, E, F] = [
    axis("T", options.units ?? 17),
    axis("V", VOCAB),
    axis("C", WIDTH),
    axis("E", EXPERTS),
    axis("F", HIDDEN),
  ];
  const param = (name: string, axes: readonly Axis[]) => {
    leaves.set(name, randomTensor(axes, next));
    return g.param(name, axes, { kind: "zeros" }, "matrices");
  };
  const visible = Array.from({ length: VOCAB }, (_, v) =>
    Array.from({ length: EXPERTS }, (__, e) => Number(options.sees(v).includes(e))),
  );
  leaves.set("visible", tensor([V, E], visible.flat(), "u8"));
  const most = options.most ?? Math.max(...visible.map((row) => row.reduce((n, one) => n + one, 0)));
  const seen = Array.from({ length: VOCAB }, (_, v) => {
    const experts = visible[v]!.flatMap((one, e) => (one === 1 ? [e] : []));
    return Array.from({ length: most }, (__, i) => experts[i] ?? -1);
  });
  leaves.set("visible.experts", tensor([V, axis("L", most)], seen.flat(), "i32"));
  const choices = seen.map((row) => (row[1] === -1 ? row.map(() => -1) : row));
  leaves.set("visible.choices", tensor([V, axis("L", most)], choices.flat(), "i32"));
  leaves.set(
    "tokens",
    tensor(
      [U],
      Array.from({ length: U.size }, (_, t) => (t * 5 + 1) % VOCAB),
      "i32",
    ),
  );
  leaves.set("probe", randomTensor([U, C], next));
  const tokens = g.input("tokens", [U], "i32");
  const x = param("x", [U, C]);
  const at = (role: string, because?: string) => ({
    scope: "layers.0.mixture",
    role,
    ...(because !== undefined && { because }),
  });
  const product = g.within(at("router.scores", "Mixture.router.score"), () =>
    g.contract(x, param("router.weight", [E, C]), ["C"]),
  );
  const scores = options.bias
    ? g.within(at("router.scores"), () => g.map([product, param("router.bias", [E])], (a, b) => add(a, b)))
    : product;
  const legal = g.within(at("router.mask"), () =>
    g.take(g.data("visible", { kind: "table", table: "Visible", layer: 0, form: "visible" }, [V, E], "u8"), tokens),
  );
  const gate = g.within(at("router.gate"), () => softmax(g, scores, { legal }));
  const edges = g.within(at("router.select"), () => {
    const from = options.chooseByScore ? scores : gate;
    const key = g.map([from, legal], (a, ok) => select(ok, a, Number.NEGATIVE_INFINITY), { axes: [U, E] });
    return g.topK(g.stop(key), options.k ?? 1);
  });
  const weight = g.within(at("router.weight"), () => g.pick(gate, edges, "E"));
  const weights = (["gate", "up", "down"] as const).map((name) =>
    param(`experts.${name}`, name === "down" ? [E, C, F] : [E, F, C]),
  );
  const group = { first: 0, count: EXPERTS, ffn: "swiglu", hidden: HIDDEN, clamp: undefined, bias: false, params: 3 };
  const op = { kind: "experts" as const, site: "Mixture", groups: [group], weightOnInput: false };
  const [y] = g.within(at("experts"), () => g.add(op, [x, edges, weight, ...weights]));
  const balance = g.within(at("router.balance", "Mixture.router.balance"), () => {
    const share = g.reduce("sum", gate, ["T"]);
    const load = g.histogram(edges, E);
    return g.reduce(
      "sum",
      g.map([share, load], (p, f) => mul(mul(p, f), 0.01)),
      ["E"],
    );
  });
  const z = g.within(at("router.balance", options.zLoss), () =>
    options.zLoss === undefined ? undefined : g.reduce("sum", g.map([logSumExp(g, scores)], square), ["T"]),
  );
  const total = g.reduce(
    "sum",
    g.map([y!, g.input("probe", [U, C])], (a, p) => mul(a, p)),
    ["T", "C"],
  );
  const loss = g.map([total, balance, z ?? 0], (a, b, c) => add(add(a, b), mul(c, 0.1)));
  const outputs = new Map([
    ["loss", loss],
    ["y", y!],
    ["edges", edges],
    ["weight", weight],
    ["gate", gate],
  ]);
  if (options.keepScores) outputs.set("layers.0.mixture.router.scores", scores);
  return { graph: g.finish({ outputs }), leaves };
}
