/** Small designs of every architecture word: the text of each, and what it means for the loops. */
import { uniform } from "../../../src/3-graph/ops/random.js";
import type { LoopAttention, LoopMixture, LoopModel, LoopStep } from "./layers-by-loops.js";

export interface Architecture {
  readonly name: string;
  readonly text: string;
  readonly loops: LoopModel;
}

export const SEQ = 6;
export const VOCAB = 13;

interface Parts {
  /** lines of the model after its sizes */
  readonly model: string;
  /** declarations beside the model */
  readonly parts: string;
  readonly width?: number;
}

export const specOf = ({ model, parts, width = 8 }: Parts): string => `edition 1
model Small {
  vocab = ${VOCAB}
  context = ${SEQ}
  d_model = ${width}
  ${model}
}
${parts}
train Pretrain {
  model = Small
  data = text(["*.md"])
  tokenizer = file("tokenizer.json")
  batch = 2 * context
  steps = 20
  optimize adamw(lr: 1e-2) for [matrices, router, norms, embeddings]
}
`;

const router = "router { score linear; gate softmax; select top(2) per token; weight gate; balance switch(0.01) }";
const moe = (name: string, extra = ""): string =>
  `moe ${name} { experts 4 of swiglu(hidden: 5); ${extra === "" ? "" : `${extra}; `}${router} }\n`;
const attention = "attention Attend { heads = 2; position = rope }\n";
const feed = "dense Feed { ffn swiglu(hidden: 7) }\n";

const attend: LoopAttention = { kind: "attention", heads: 2, kvHeads: 2, headDim: 4, rope: 10_000 };
const mix: LoopMixture = { kind: "mixture", experts: 4, k: 2, alpha: 0.01 };
const swiglu = { kind: "dense", act: "swiglu" } as const;
const step = (scope: string, part: LoopStep["part"], rest: Partial<LoopStep> = {}): LoopStep => ({
  scope,
  part,
  norm: "rms",
  ...rest,
});
const dense = [step("attend", attend), step("feed", swiglu)];
const sparse = [step("attend", attend), step("mixture", mix)];
const plain = { seq: SEQ, tied: true, norm: "rms" } as const;

const denseBlock = "block Dense { residual Attend; residual Feed }\n";
const sparseBlock = "block Sparse { residual Attend; residual Mixture }\n";

/** ScMoE (arXiv 2404.05019): a dense block, then one whose routed experts read a point before its own attention. */
const shortcut = (position: string, reads: string): Architecture => ({
  name: `ScMoE, reading ${position}`,
  text: specOf({
    model: "embed tokens tied; repeat 2 of [Dense, Sparse]; head linear",
    parts: `${denseBlock}block Sparse { residual Attend; residual Mixture after rms reading ${position} }\n${attention}${feed}${moe("Mixture", "shared 1 of swiglu(hidden: 3)")}`,
  }),
  loops: {
    ...plain,
    layers: [0, 1].flatMap(() => [dense, [step("attend", attend), step("mixture", { ...mix, shared: 1 }, { reads })]]),
  },
});

const deepBlock = "block Deep { residual Depth after none }\n";
const depthOf = (experts: string, select: string, gate: string): string =>
  `moe Depth { ${experts}; router { score linear; gate ${gate}; ${select}; rest zero; weight gate; allow lookahead because "a test"; allow imbalance because "a test" } }\n`;

/** The numbers a dropout line multiplies with at step 0 of seed 0: the n-th of the model has stream n. */
const keeps = (share: number, nth: number, width = 8): readonly number[] =>
  Array.from({ length: 2 * SEQ * width }, (_, place) => (uniform(0, 0, nth, place) >= share ? 1 / (1 - share) : 0));

export const architectures: readonly Architecture[] = [
  {
    name: "blocks as experts, of steps that look at one token, two for each token, beside an expert that copies",
    text: specOf({
      model: "embed tokens tied; repeat 2 of Deep; head linear",
      parts: `${deepBlock}block Inner { residual Feed; residual Second after layer(eps: 1e-5) }\n${feed}dense Second { ffn gelu(hidden: 6, bias) }\n${depthOf("experts 3 of block(Inner); experts 1 of copy", "select top(2) per token", "softmax")}`,
    }),
    loops: {
      ...plain,
      layers: [0, 1].map(() => [
        step(
          "depth",
          {
            kind: "depth",
            experts: 3,
            copy: true,
            group: "0.",
            gate: "softmax",
            per: { best: 2 },
            steps: [
              step("feed", swiglu),
              step("second", { kind: "dense", act: "gelu", bias: true }, { norm: "layer" }),
            ],
          },
          { norm: "none" },
        ),
      ]),
    },
  },
  {
    name: "Mixture-of-Depths, half of the tokens of every sequence through attention and a network",
    text: specOf({
      model: "embed tokens tied; repeat 2 of [Deep, Dense]; head linear",
      parts: `${deepBlock}${denseBlock}${attention}${feed}${depthOf("experts 1 of block(Dense)", "select top(50%) per sequence", "sigmoid")}`,
    }),
    loops: {
      ...plain,
      layers: [0, 1].flatMap(() => [
        [
          step(
            "depth",
            { kind: "depth", experts: 1, gate: "sigmoid", per: { tokens: 3 }, steps: dense },
            { norm: "none" },
          ),
        ],
        dense,
      ]),
    },
  },
  {
    name: "Mixture-of-Depths and experts: a mixture inside the block, its balance over the chosen tokens",
    text: specOf({
      model: "embed tokens tied; repeat 1 of Deep; head linear",
      parts: `${deepBlock}${sparseBlock}${attention}${moe("Mixture")}${depthOf("experts 1 of block(Sparse)", "select top(4) per sequence", "sigmoid")}`,
    }),
    loops: {
      ...plain,
      layers: [
        [
          step(
            "depth",
            { kind: "depth", experts: 1, gate: "sigmoid", per: { tokens: 4 }, steps: sparse },
            { norm: "none" },
          ),
        ],
      ],
    },
  },
  {
    name: "two blocks as experts, each choosing tokens of every sequence, attending to all of its own",
    text: specOf({
      model: "embed tokens tied; repeat 2 of Deep; head linear",
      parts: `${deepBlock}block Inner { residual All after layer(eps: 1e-5); residual Feed }\nattention All { heads = 2; kv_heads = 1; position = rope; mask = none; qk_norm = on }\n${feed}${depthOf("experts 2 of block(Inner)", "select top(2) per expert within sequence", "softmax")}`,
    }),
    loops: {
      ...plain,
      layers: [0, 1].map(() => [
        step(
          "depth",
          {
            kind: "depth",
            experts: 2,
            gate: "softmax",
            per: { tokens: 2 },
            steps: [
              step("all", { ...attend, kvHeads: 1, open: true, qkNorm: true }, { norm: "layer" }),
              step("feed", swiglu),
            ],
          },
          { norm: "none" },
        ),
      ]),
    },
  },
  {
    name: "dropout of what the parts give",
    text: specOf({
      model: "embed tokens tied; repeat 2 of Layer; head linear",
      parts: `block Layer { residual Attend dropout 20%; residual Feed after rms dropout 50% }\n${attention}${feed}`,
    }),
    loops: {
      ...plain,
      layers: [0, 1].map((layer) => [
        step("attend", attend, { keeps: keeps(0.2, 2 * layer + 1) }),
        step("feed", swiglu, { keeps: keeps(0.5, 2 * layer + 2) }),
      ]),
    },
  },
  {
    name: "dense and sparse layers in turn, two layers placed by number",
    text: specOf({
      model: "embed tokens tied; repeat 2 of [Dense, Sparse]; layers [1, 2] of Other; head linear",
      parts: `${denseBlock}${sparseBlock}block Other { residual Feed }\n${attention}${feed}${moe("Mixture")}`,
    }),
    loops: { ...plain, layers: [dense, [step("feed", swiglu)], [step("feed", swiglu)], sparse] },
  },
  shortcut("previous.Attend", "previous.attend"),
  shortcut("input", "here.input"),
  shortcut("previous.input", "previous.input"),
  {
    name: "LongCat layer: the mixture sees what the first network sees, its result comes at the end",
    text: specOf({
      model: "embed tokens tied; repeat 2 of Layer; head linear",
      parts: `block Layer {
  residual Attend
  residual Feed
  residual Attend2
  residual Feed2
  residual Mixture after none reading Feed.norm
}
${attention}attention Attend2 from Attend {}\n${feed}dense Feed2 from Feed {}\n${moe("Mixture")}`,
    }),
    loops: {
      ...plain,
      layers: [0, 1].map(() => [
        step("attend", attend),
        step("feed", swiglu),
        step("attend2", attend),
        step("feed2", swiglu),
        step("mixture", mix, { norm: "none", reads: "here.feed norm" }),
      ]),
    },
  },
  {
    name: "attention and feed-forward side by side, nothing normalised at the end",
    text: specOf({
      model: "embed tokens tied; repeat 2 of Layer; norm none; head linear",
      parts: `block Layer { residual Attend; residual Feed after rms reading input }\n${attention}${feed}`,
    }),
    loops: {
      ...plain,
      norm: "none",
      layers: [0, 1].map(() => [step("attend", attend), step("feed", swiglu, { reads: "here.input" })]),
    },
  },
  {
    name: "two mixtures in sequence (CartesianMoE), each with a shared expert",
    text: specOf({
      model: "embed tokens tied; repeat 2 of Layer; head linear",
      parts: `block Layer { residual Attend; residual First; residual Second }\n${attention}${moe("First", "shared 1 of swiglu(hidden: 3)")}moe Second from First {}\n`,
    }),
    loops: {
      ...plain,
      layers: [0, 1].map(() => [
        step("attend", attend),
        step("first", { ...mix, shared: 1 }),
        step("second", { ...mix, shared: 1 }),
      ]),
    },
  },
  {
    name: "grouped keys, heads wider than the model, norms of queries and keys, a window",
    text: specOf({
      model: "embed tokens tied; repeat 2 of Layer; head linear",
      parts: `block Layer { residual Attend; residual Feed }
attention Attend { heads = 4; kv_heads = 2; head_dim = 6; position = rope(base: 500); qk_norm = on; window = 3 }\n${feed}`,
    }),
    loops: {
      ...plain,
      layers: [0, 1].map(() => [
        step("attend", { kind: "attention", heads: 4, kvHeads: 2, headDim: 6, rope: 500, qkNorm: true, window: 3 }),
        step("feed", swiglu),
      ]),
    },
  },
  {
    name: "GPT-2: layer norms, biases everywhere, learned positions",
    text: specOf({
      model: "embed tokens tied positions learned; repeat 2 of Layer; norm layer(eps: 1e-5); head linear",
      parts: `block Layer { residual Attend after layer(eps: 1e-5); residual Feed after layer(eps: 1e-5) }
attention Attend { heads = 2; position = none; bias = on }\ndense Feed { ffn gelu(hidden: 7, bias) }\n`,
    }),
    loops: {
      seq: SEQ,
      tied: true,
      positions: true,
      norm: "layer",
      layers: [0, 1].map(() => [
        step("attend", { kind: "attention", heads: 2, kvHeads: 2, headDim: 4, bias: true }, { norm: "layer" }),
        step("feed", { kind: "dense", act: "gelu", bias: true }, { norm: "layer" }),
      ]),
    },
  },
  {
    name: "an encoder with a head of its own that has a bias",
    text: specOf({
      model: "embed tokens; repeat 1 of Layer; head linear(bias)",
      parts: `block Layer { residual Attend; residual Feed }\nattention Attend { heads = 2; kv_heads = 1; position = rope; mask = none }\n${feed}`,
    }),
    loops: {
      seq: SEQ,
      tied: false,
      headBias: true,
      norm: "rms",
      layers: [[step("attend", { ...attend, kvHeads: 1, open: true }), step("feed", swiglu)]],
    },
  },
];
