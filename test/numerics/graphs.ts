/** Small hand-made graphs that every target must compute as the interpreter does: a transformer layer, a routed mixture. */
import { createBuilder } from "../../src/3-graph/builder.js";
import { crossEntropy } from "../../src/3-graph/compose/cross-entropy.js";
import { rmsNorm } from "../../src/3-graph/compose/norm.js";
import { softmax } from "../../src/3-graph/compose/softmax.js";
import { mul, sigmoid } from "../../src/3-graph/expr-build.js";
import { differentiate } from "../../src/3-graph/gradient.js";
import type { Graph } from "../../src/3-graph/graph.js";
import { type Tensor, tensor } from "../../src/3-graph/tensor.js";
import { type Leaves, randomLeaves } from "./agree.js";

export interface Example {
  readonly name: string;
  /** with gradients of the loss for every weight */
  readonly make: () => { readonly graph: Graph; readonly leaves: Leaves };
}

const ids = (n: number, v: number): number[] => Array.from({ length: n }, (_, i) => (i * 7 + 3) % v);

/** Embedding, one attention layer, one gated feed-forward, head. */
export function transformer(size: { B: number; S: number; D: number; H: number; F: number; V: number }): {
  graph: Graph;
  leaves: Map<string, Tensor>;
} {
  const g = createBuilder();
  const [T, D, F, V, A] = [
    { name: "T", size: size.B * size.S },
    { name: "D", size: size.D },
    { name: "F", size: size.F },
    { name: "V", size: size.V },
    { name: "A", size: size.D },
  ];
  const headDim = size.D / size.H;
  const init = { kind: "normal", std: 0.02 } as const;
  const param = (name: string, axes: { name: string; size: number }[]) => g.param(name, axes, init, "matrices");
  const tokens = g.input("tokens", [T!], "i32");
  const targets = g.input("targets", [T!], "i32");
  const half = [
    { name: "S", size: size.S },
    { name: "J", size: headDim / 2 },
  ];
  const cos = g.input("cos", half);
  const sin = g.input("sin", half);
  const embed = param("embed.weight", [V!, D!]);
  const x = g.within({ scope: "embed", role: "rows" }, () => g.take(embed, tokens));
  const h = g.within({ scope: "layers.0.attend", role: "norm" }, () => rmsNorm(g, x, param("n1", [D!]), 1e-5));
  const shape = {
    heads: size.H,
    kvHeads: size.H,
    headDim,
    seq: size.S,
    causal: true,
    window: undefined,
    scale: 1 / Math.sqrt(headDim),
  };
  const y = g.within({ scope: "layers.0.attend", role: "qkv" }, () => {
    const [q, k, v] = ["q", "k", "v"].map((n) => g.contract(h, param(`${n}.weight`, [A!, D!]), ["D"]));
    const turn = (t: typeof q) => g.rope(t!, cos, sin, { headDim, inverse: false });
    const o = g.attention(turn(q), turn(k), v!, shape);
    const out = g.contract(o, param("o.weight", [D!, A!]), ["A"]);
    return g.map([x, out], (a, b) => ({ op: "add", a, b }));
  });
  const z = g.within({ scope: "layers.0.feed", role: "up" }, () => {
    const n = rmsNorm(g, y, param("n2", [D!]), 1e-5);
    const gate = g.contract(n, param("gate.weight", [F!, D!]), ["D"]);
    const up = g.contract(n, param("up.weight", [F!, D!]), ["D"]);
    const act = g.map([gate, up], (a, b) => mul(mul(a, sigmoid(a)), b));
    const down = g.contract(act, param("down.weight", [D!, F!]), ["F"]);
    return g.map([y, down], (a, b) => ({ op: "add", a, b }));
  });
  const { loss, logits } = g.within({ scope: "head", role: "logits" }, () => {
    const logits = g.contract(rmsNorm(g, z, param("n3", [D!]), 1e-5), embed, ["D"]);
    return { logits, loss: crossEntropy(g, logits, targets) };
  });
  const graph = differentiate(
    g.finish({
      outputs: new Map([
        ["loss", loss],
        ["logits", logits],
      ]),
    }),
  );
  const angles = Array.from(
    { length: (size.S * headDim) / 2 },
    (_, i) => Math.floor(i / (headDim / 2)) * 10_000 ** ((-2 * (i % (headDim / 2))) / headDim),
  );
  const leaves = new Map<string, Tensor>([
    ["tokens", tensor([T!], ids(T!.size, size.V), "i32")],
    [
      "targets",
      tensor(
        [T!],
        ids(T!.size, size.V).map((i) => (i + 1) % size.V),
        "i32",
      ),
    ],
    [
      "cos",
      tensor(
        half,
        angles.map((a) => Math.fround(Math.cos(a))),
      ),
    ],
    [
      "sin",
      tensor(
        half,
        angles.map((a) => Math.fround(Math.sin(a))),
      ),
    ],
  ]);
  return { graph, leaves: new Map(randomLeaves(graph, leaves)) };
}

const sizes = [
  { B: 2, S: 40, D: 64, H: 2, F: 96, V: 70 },
  { B: 1, S: 7, D: 20, H: 2, F: 13, V: 11 },
  { B: 3, S: 33, D: 24, H: 3, F: 50, V: 257 },
];

/** Outputs and gradients of a transformer layer: whole tiles, fewer rows than a tile, nothing a multiple of anything. */
export const transformers: readonly Example[] = sizes.map((size) => ({
  name: JSON.stringify(size),
  make: () => transformer(size),
}));

/** Router with a visibility table, k of E experts, sorted and grouped; loss is a fixed weighting of the output. */
export function mixture(
  size: { T: number; D: number; E: number; F: number; K: number; V: number },
  route: (v: number, e: number) => number,
): { graph: Graph; leaves: Map<string, Tensor> } {
  const g = createBuilder();
  const [T, D, E, F, V] = [
    { name: "T", size: size.T },
    { name: "D", size: size.D },
    { name: "E", size: size.E },
    { name: "F", size: size.F },
    { name: "V", size: size.V },
  ];
  const init = { kind: "normal", std: 0.02 } as const;
  const tokens = g.input("tokens", [T!], "i32");
  const x0 = g.param("x", [T!, D!], init, "embeddings");
  const probe = g.input("probe", [T!, D!]);
  const table = g.data("visible", { kind: "table", table: "Visible", layer: 0, form: "visible" }, [V!, E!], "u8");
  const param = (name: string, axes: { name: string; size: number }[]) => g.param(name, axes, init, "matrices");
  const y = g.within({ scope: "layers.0.mixture", role: "router.scores" }, () => {
    const x = rmsNorm(g, x0, param("norm.weight", [D!]), 1e-5);
    const scores = g.contract(x, param("router.weight", [E!, D!]), ["D"]);
    const legal = g.take(table, tokens);
    const gate = softmax(g, scores, { legal });
    const key = g.map([gate, legal], (a, l) => ({
      op: "select",
      c: l,
      a,
      b: { op: "const", value: Number.NEGATIVE_INFINITY },
    }));
    const edges = g.topK(g.stop(key), size.K);
    const weight = g.pick(gate, edges, "E");
    const { offsets, rows, slots } = g.partition(edges, E!);
    const load = g.histogram(edges, E!);
    const group = { rows: "R", experts: "E" };
    const out = g.within({ role: "experts.up" }, () => {
      const xr = g.take(x, rows, { divide: size.K, inverse: slots });
      const [gate_, up] = ["gate", "up"].map((n) =>
        g.contract(xr, param(`experts.${n}.weight`, [E!, F!, D!]), ["D"], { group, offsets }),
      );
      const h = g.map([gate_!, up!], (a, b) => mul(mul(a, sigmoid(a)), b));
      const yr = g.contract(h, param("experts.down.weight", [E!, D!, F!]), ["F"], { group, offsets });
      const each = g.take(yr, slots, { inverse: rows });
      return g.reduce(
        "sum",
        g.map([each, weight], (a, w) => mul(a, w)),
        ["K"],
      );
    });
    const share = g.reduce("sum", gate, ["T"]);
    const balance = g.reduce(
      "sum",
      g.map([share, g.stop(load)], (p, f) => mul(p, mul(f, 0.01 / size.T))),
      ["E"],
    );
    return { out: g.map([x0, out], (a, b) => ({ op: "add", a, b })), balance, load };
  });
  const total = g.reduce(
    "sum",
    g.map([y.out, probe], (a, p) => mul(a, p)),
    ["T", "D"],
  );
  const loss = g.map([total, y.balance], (a, b) => ({ op: "add", a, b }));
  const graph = differentiate(
    g.finish({
      outputs: new Map([
        ["loss", loss],
        ["y", y.out],
        ["load", y.load],
      ]),
    }),
  );
  const visible = Array.from({ length: size.V * size.E }, (_, i) => route(Math.floor(i / size.E), i % size.E));
  const leaves = new Map<string, Tensor>([
    ["tokens", tensor([T!], ids(size.T, size.V), "i32")],
    ["visible", tensor([V!, E!], visible, "u8")],
  ]);
  return { graph, leaves: new Map(randomLeaves(graph, leaves, 7)) };
}

const base = { T: 50, D: 24, E: 6, F: 20, K: 2, V: 13 };
const routes: { name: string; size: typeof base; route: (v: number, e: number) => number }[] = [
  { name: "every expert visible", size: base, route: () => 1 },
  { name: "one expert gets all, others none", size: { ...base, K: 1 }, route: (_, e) => (e === 2 ? 1 : 0) },
  {
    name: "more edges asked for than experts visible",
    size: { ...base, K: 3 },
    route: (v, e) => (e === v % 6 || (v % 2 === 0 && e === 1) ? 1 : 0),
  },
  {
    name: "odd widths",
    size: { T: 37, D: 19, E: 5, F: 7, K: 2, V: 13 },
    route: (v, e) => ((v + e) % 3 === 0 || e === 0 ? 1 : 0),
  },
  { name: "many rows", size: { T: 700, D: 32, E: 3, F: 48, K: 1, V: 13 }, route: (_, e) => (e < 2 ? 1 : 0) },
];

/** Outputs and gradients of a mixture: ragged, empty and overfull experts. */
export const mixtures: readonly Example[] = routes.map(({ name, size, route }) => ({
  name,
  make: () => mixture(size, route),
}));
