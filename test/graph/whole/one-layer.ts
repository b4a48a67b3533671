/**
 * A model with one mixture and nothing else, in plain loops from the equations: embedding, norm, mixture, residual, norm,
 * head. What the mixture does is given by each test. Shares no code with the compiler.
 */
import type { Design } from "../../../src/2-design/design.js";
import { checkSpec } from "../../../src/pipeline.js";
import type { Leaves } from "./designs.js";

export const [B, S, D, V] = [2, 6, 6, 13] as const;

export interface Layer {
  readonly unit?: string;
  readonly experts?: string;
  readonly router: string;
  /** S, if not 6 */
  readonly context?: number;
}

const text = ({
  unit = "token",
  experts = "experts 4 of swiglu(hidden: 5)",
  router,
  context = S,
}: Layer): string => `edition 1
model Small {
  vocab = ${V}
  context = ${context}
  d_model = ${D}
  embed tokens
  repeat 1 of Layer
  norm rms(eps: 1e-5)
  head linear
}
block Layer {
  residual Mixture after rms
}
moe Mixture {
  unit = ${unit}
  ${experts}
  router {
    ${router.trim().split("\n").join("\n    ")}
    allow lookahead because "a test"
    allow imbalance because "a test"
    allow drop because "a test"
  }
}
train Pretrain {
  model = Small
  data = text(["*.md"])
  tokenizer = file("tokenizer.json")
  batch = 2 * context
  steps = 20
  optimize adamw(lr: 1e-2, betas: [0.9, 0.95], decay: 0.1) for matrices
  optimize adamw(lr: 1e-2, betas: [0.9, 0.95], decay: 0.0) for [router, norms, embeddings]
  schedule warmup(4) then cosine(to: 10%)
}
`;

/** The design, or the errors that stopped it. */
export function layerDesign(layer: Layer): Design {
  const { design, diagnostics } = checkSpec({ path: "small.moe", text: text(layer) });
  if (design) return design;
  throw new Error(diagnostics.map((d) => `${d.code} ${d.message}`).join("\n"));
}

export type Vector = number[];

export const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
export const plus = (a: Vector, b: Vector): Vector => a.map((x, i) => x + b[i]!);
export const times = (a: Vector, s: number): Vector => a.map((x) => x * s);
export const zeros = (n: number): Vector => new Array<number>(n).fill(0);
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const mean = (rows: readonly Vector[]): Vector => times(rows.reduce(plus), 1 / rows.length);

export function softmax(z: Vector): Vector {
  const e = z.map((x) => Math.exp(x));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / total);
}

/** Indices by falling key, ties by the lowest index, those of -Infinity left out. */
export const falling = (keys: Vector): number[] =>
  keys
    .map((_, i) => i)
    .filter((i) => keys[i] !== Number.NEGATIVE_INFINITY)
    .sort((a, b) => keys[b]! - keys[a]! || a - b);

/** Weights of the layer by their last names, as a mixture wants them. */
export interface Weights {
  readonly numbers: (name: string) => Vector;
  /** W x, rows `first` … of the weight */
  readonly product: (name: string, x: Vector, first?: number, rows?: number) => Vector;
  /** swiglu expert e of the group whose names start so */
  readonly expert: (e: number, x: Vector, prefix?: string, hidden?: number) => Vector;
}

export interface Mixed {
  /** one vector for every token */
  readonly y: readonly Vector[];
  readonly loss?: number;
}

export type Mix = (h: readonly Vector[], weights: Weights) => Mixed;

/** Total loss of the model. */
export function lossByLoops(leaves: Leaves, mix: Mix): number {
  const at = "layers.0.mixture";
  const numbers = (name: string): Vector => Array.from(leaves.get(name)!.data);
  const productOf = (all: Vector, x: Vector, first = 0, rows = all.length / x.length): Vector =>
    Array.from({ length: rows }, (_, o) => dot(all.slice((first + o) * x.length, (first + o + 1) * x.length), x));
  const norm = (name: string, x: Vector): Vector => {
    const r = 1 / Math.sqrt(dot(x, x) / x.length + 1e-5);
    return x.map((v, i) => v * r * numbers(name)[i]!);
  };
  const own = (name: string): Vector => numbers(`${at}.${name}`);
  const weights: Weights = {
    numbers: own,
    product: (name, x, first, rows) => productOf(own(name), x, first, rows),
    expert: (e, x, prefix = "experts", hidden = 5) => {
      const gate = productOf(own(`${prefix}.gate.weight`), x, e * hidden, hidden);
      const up = productOf(own(`${prefix}.up.weight`), x, e * hidden, hidden);
      const inner = gate.map((g, f) => g * sigmoid(g) * up[f]!);
      return productOf(own(`${prefix}.down.weight`), inner, e * x.length, x.length);
    },
  };
  const tokens = numbers("tokens");
  const x = tokens.map((id) => numbers("embed.weight").slice(id * D, (id + 1) * D));
  const { y, loss = 0 } = mix(
    x.map((row) => norm(`${at}.norm.weight`, row)),
    weights,
  );
  const targets = numbers("targets");
  const logits = x.map((row, t) => productOf(numbers("head.weight"), norm("norm.weight", plus(row, y[t]!))));
  return logits.reduce((sum, z, t) => sum - Math.log(softmax(z)[targets[t]!]!), 0) / tokens.length + loss;
}

/** Σ of weight · expert(x) over edges, units without any give `rest`. */
export function combined(
  h: readonly Vector[],
  edges: readonly (readonly (readonly [expert: number, weight: number])[])[],
  w: Weights,
  rest: "copy" | "zero",
): Vector[] {
  return h.map((x, u) => {
    const own = edges[u]!;
    if (own.length === 0) return rest === "copy" ? x : zeros(x.length);
    return own.map(([e, weight]) => times(w.expert(e, x), weight)).reduce(plus);
  });
}
