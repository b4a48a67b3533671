/** The designs that rewrites and strategies are measured on: two layers each, and the same sizes where routing allows. */

import { routerRewrites } from "../dist/src/4-dispatch/rewrites/index.js";
import { checkSpec, graphsOf } from "../dist/src/pipeline.js";

/** A small model around one mixture; `tiers` are those of a table `Visible`, `batch` counts sequences of 256 tokens. */
export const text = ({
  router,
  experts = "experts 16 of swiglu(hidden: 256)",
  tiers,
  unit = "token",
  batch = 8,
}) => `edition 1
model Bench {
  vocab = 1024
  context = 256
  d_model = 256
  embed tokens tied
  repeat 2 of Layer
  norm rms(eps: 1e-5)
  head linear
}
block Layer {
  residual Mixture after rms
}
${tiers ? `table Visible {\n  key = token_id\n  value = subset(of: Mixture.experts)\n  ${tiers.join("\n  ")}\n  assign random(seed: 1) per layer\n}` : ""}
moe Mixture {
  unit = ${unit}
  ${experts}
  router {
    ${router.join("\n    ")}
  }
}
train Pretrain {
  model = Bench
  data = text(["*.md"])
  tokenizer = bpe(vocab: 1024)
  batch = ${batch} * context
  steps = 20
  optimize adamw(lr: 1e-3, betas: [0.9, 0.95], decay: 0.1) for matrices
  optimize adamw(lr: 1e-3, betas: [0.9, 0.95], decay: 0.0) for [router, norms, embeddings]
  schedule warmup(4) then cosine(to: 10%)
  clip norm(1.0)
}
`;

const masked = [
  "score linear",
  "mask Visible[token_id]",
  "gate softmax over visible",
  "select top(1) per token",
  "weight gate",
  "balance switch(0.01) over visible",
];
const mixed = ["tier frequent when (coverage <= 80%) sees 4", "tier rare otherwise sees 1"];
const chosen = (lines) => ["score linear", "gate softmax", ...lines];

export const designs = {
  MaskMoE: {
    about: "The shipped routing: 16 experts, 80 % of the tokens see 4 of them, the others 1.",
    text: text({ router: masked, tiers: mixed }),
  },
  "MaskMoE, 64 experts": {
    about: "The same, 4 of 64 experts visible.",
    text: text({ router: masked, tiers: mixed, experts: "experts 64 of swiglu(hidden: 64)" }),
  },
  "MaskMoE, 256 experts": {
    about: "The same, 4 of 256 experts visible.",
    text: text({ router: masked, tiers: mixed, experts: "experts 256 of swiglu(hidden: 16)" }),
  },
  "one visible expert": {
    about: "A hash layer written as a mask: every token sees one expert, and a router stands there all the same.",
    text: text({ router: masked.slice(0, -1), tiers: ["tier all otherwise sees 1"] }),
  },
  "hash layer": {
    about: "The table chooses: there is no router to begin with.",
    text: text({ router: ["select Visible[token_id]", "weight one"], tiers: ["tier all otherwise sees 1"] }),
  },
  "MH-MoE": {
    about: "Two sub-tokens a token, top 2 of 32.",
    text: text({
      unit: "subtoken(heads: 2, split: linear, merge: linear)",
      experts: "experts 32 of swiglu(hidden: 256)",
      router: [...chosen(["select top(2) per subtoken", "weight gate"]), "balance switch(0.01)"],
    }),
  },
  "all experts": {
    about: "`select all`: four experts, every token goes to each.",
    text: text({ router: chosen(["select all", "weight gate"]), experts: "experts 4 of swiglu(hidden: 256)" }),
  },
  "MoE++": {
    about: "Experts that compute nothing beside experts that do: copy, zero, constant.",
    text: text({
      experts: "experts 8 of swiglu(hidden: 256)\n  experts 1 of zero\n  experts 1 of copy\n  experts 2 of constant",
      router: [...chosen(["select top(2) per token", "weight gate"]), "balance switch(0.01)"],
    }),
  },
  "narrow experts": {
    about: "Many fine experts: 6 of 64, 32 hidden numbers each, an eighth of the width.",
    text: text({
      experts: "experts 64 of swiglu(hidden: 32)",
      router: [...chosen(["select top(6) per token", "weight gate"]), "balance switch(0.01)"],
    }),
  },
  capacity: {
    about: "Room for 1.25 times an even share; what does not fit is dropped.",
    text: text({ router: [...chosen(["select top(2) per token", "weight gate"]), "limit capacity(1.25) else drop"] }),
  },
  neurons: {
    about: "1 024 experts of one hidden neuron each, top 8.",
    text: text({ router: chosen(["select top(8) per token", "weight gate"]), experts: "experts 1024 of neuron" }),
  },
};

/** Not worth the wait: estimated to take this many times the best. */
const HOPELESS = 6;

/** Plain; each rewrite that is legal alone; all that pay; and each strategy that is legal and not far behind. */
export function variantsOf(source) {
  const { design } = checkSpec({ path: "bench.moe", text: source });
  const names = routerRewrites.map(({ name }) => name);
  const others = (name) => names.filter((each) => each !== name);
  const choiceOf = (options) => graphsOf(design, { ...options, programs: ["train"] }).choices[0];
  const base = { without: names, dispatch: { Mixture: "sorted-grouped" } };
  const plain = choiceOf(base);
  const one = (name) => ({ always: [name], without: others(name), dispatch: { Mixture: "sorted-grouped" } });
  const legal = names.filter((name) => choiceOf(one(name)).rewrites.some((each) => each.name === name && each.applied));
  const best = choiceOf({});
  const near = best.losers.filter(({ cost }) => cost && cost.seconds < HOPELESS * best.cost.seconds);
  return [
    { name: "plain", options: base },
    ...legal.map((name) => ({ name: `\`${name}\``, options: one(name) })),
    { name: "as chosen", options: {} },
    ...near
      .filter(({ name }) => name !== plain.strategy.name)
      .map(({ name }) => ({ name: `\`--dispatch Mixture=${name}\``, options: { dispatch: { Mixture: name } } })),
  ];
}
