/** The library of pairs: one setting of `pairs/base.moe` changed each, and pairs of whole designs. */
import { readFileSync } from "node:fs";
import type { PromiseName } from "../../src/diff/promise.js";
import { type Edit, edited, specText } from "./designs.js";

export interface LibraryPair {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** the strongest promise that the change keeps */
  readonly keeps: PromiseName | "none";
}

export const base = readFileSync(new URL("pairs/base.moe", import.meta.url), "utf8");

/** Mixtures without a model. */
export const routers = readFileSync(new URL("pairs/routers.moe", import.meta.url), "utf8");

const one = (name: string, keeps: LibraryPair["keeps"], ...edits: readonly Edit[]): LibraryPair => {
  return { name, keeps, before: base, after: edited(base, edits) };
};

const table = `table Visible {
  key = token_id
  value = subset(of: Mixture.experts)
  tier all otherwise sees 2
  assign random(seed: 3) per layer
}

moe Mixture {`;

const dense = `dense First {
  ffn swiglu(hidden: 64)
}

block Bottom {
  residual Attend after rms
  residual First after rms
}

moe Mixture {`;

const denseOnly: readonly Edit[] = [
  ["repeat 2 of Layer", "repeat 2 of Bottom"],
  [base.slice(base.indexOf("block Layer {"), base.indexOf("attention Attend {")), ""],
  [
    base.slice(base.indexOf("moe Mixture {"), base.indexOf("train Pretrain {")),
    `${dense.replace("\nmoe Mixture {", "")}`,
  ],
];

export const pairs: readonly LibraryPair[] = [
  one("experts-count", "interface", ["experts 4 of", "experts 8 of"]),
  one("experts-fewer", "interface", ["experts 4 of", "experts 2 of"]),
  one("experts-hidden", "interface", ["swiglu(hidden: 64)", "swiglu(hidden: 128)"]),
  one("experts-gate-function", "weights", ["swiglu(hidden: 64)", "geglu(hidden: 64)"]),
  one("experts-without-gate", "interface", ["swiglu(hidden: 64)", "relu(hidden: 64)"]),
  one("experts-second-line", "interface", [
    "experts 4 of swiglu(hidden: 64)",
    "experts 4 of swiglu(hidden: 64)\n  experts 2 of copy",
  ]),
  one("select-fewer", "weights", ["top(2)", "top(1)"]),
  one("weight-renormalized", "weights", ["weight gate", "weight gate renormalized"]),
  one("gate-sigmoid", "weights", ["gate softmax", "gate sigmoid"]),
  one("limit-capacity", "weights", ["limit none", "limit capacity(1.25) else drop"]),
  one("balance-weight", "weights", ["switch(0.01)", "switch(0.02)"]),
  one("balance-other", "weights", ["switch(0.01)", "gshard(0.01)"]),
  one("balance-second", "weights", ["balance switch(0.01)", "balance switch(0.01)\n    balance z_loss(1e-3)"]),
  one("bias-load-balance", "interface", [
    "gate softmax",
    "gate softmax\n    bias load_balance(rate: 1e-3, step: sign)",
  ]),
  one("noise-jitter", "weights", ["gate softmax", "gate softmax\n    noise jitter(1%) while training"]),
  one("score-bias", "interface", ["score linear", "score linear(bias)"]),
  one("shared-expert", "interface", [
    "experts 4 of swiglu(hidden: 64)",
    "experts 4 of swiglu(hidden: 64)\n  shared 1 of swiglu(hidden: 64)",
  ]),
  one(
    "unit-subtoken",
    "interface",
    ["unit = token", "unit = subtoken(heads: 2, split: linear, merge: linear)"],
    ["per token", "per subtoken"],
  ),
  one(
    "mask-table",
    "interface",
    ["moe Mixture {", table],
    ["gate softmax", "mask Visible[token_id]\n    gate softmax over visible"],
    ["switch(0.01)", "switch(0.01) over visible"],
  ),
  one("vocab", "none", ["vocab = 256", "vocab = 320"]),
  one("context", "none", ["context = 16", "context = 32"]),
  one("width", "interface", ["d_model = 32", "d_model = 64"]),
  one("depth", "interface", ["repeat 2 of Layer", "repeat 4 of Layer"]),
  one("depth-less", "interface", ["repeat 2 of Layer", "repeat 1 of Layer"]),
  one("step-dropout", "weights", ["residual Mixture after rms", "residual Mixture after rms dropout 10%"]),
  one("step-reading", "weights", ["residual Mixture after rms", "residual Mixture after rms reading input"]),
  one("balance-until", "weights", ["balance switch(0.01)", "balance switch(0.01) until step(50)"]),
  one("unit-chunk", "weights", ["unit = token", "unit = chunk(4, reads: first)"], ["per token", "per chunk"]),
  one(
    "layers-by-pattern",
    "interface",
    ["repeat 2 of Layer", "repeat 2 of [Layer, Bare]"],
    ["block Layer {", "block Bare {\n  residual Attend after rms\n}\n\nblock Layer {"],
  ),
  one("head-untied", "interface", ["embed tokens tied", "embed tokens"]),
  one("heads", "weights", ["heads = 4", "heads = 8"]),
  one("kv-heads", "interface", ["heads = 4", "heads = 4\n  kv_heads = 2"]),
  one("qk-norm", "interface", ["heads = 4", "heads = 4\n  qk_norm = on"]),
  one("rope-base", "weights", ["base: 10_000", "base: 500_000"]),
  one("window", "weights", ["mask = causal", "mask = causal\n  window = 8"]),
  one("norm-eps", "weights", ["norm rms(eps: 1e-5)", "norm rms(eps: 1e-6)"]),
  one("residual-order", "weights", [
    "  residual Attend after rms\n  residual Mixture after rms",
    "  residual Mixture after rms\n  residual Attend after rms",
  ]),
  one(
    "first-layer-dense",
    "interface",
    ["repeat 2 of Layer", "repeat 1 of Bottom\n  repeat 1 of Layer"],
    ["moe Mixture {", dense],
  ),
  one("init", "weights", ["unit = token", "unit = token\n  init up zeros"]),
  one("mixture-renamed", "interface", ["residual Mixture", "residual Experts"], ["moe Mixture", "moe Experts"]),
  one("learning-rate", "weights", ["adamw(lr: 1e-3", "adamw(lr: 2e-3"]),
  one("seed", "weights", ["seed = 1", "seed = 2"]),
  one("batch", "weights", ["4 * context", "8 * context"]),
  one("clip", "weights", ["clip norm(1.0)", "clip norm(0.5)"]),
  one("data", "weights", ["docs/**/*.md", "docs/**/*.txt"]),
  one("tokenizer", "none", ["vocab = 256", "vocab = 512"], ["tokenizer = byte", "tokenizer = bpe(vocab: 512)"]),
  one("watch", "numerics", ["watch [loss, expert_load]", "watch [loss]"]),
  one("eval-every", "numerics", ["every(50)", "every(25)"]),
  { name: "dense-to-mixture", keeps: "interface", before: edited(base, denseOnly), after: base },
  { name: "mask-moe-to-mh-moe", keeps: "interface", before: specText("mask-moe"), after: specText("mh-moe") },
];
