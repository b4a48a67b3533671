/** Every rule that can be compiled, in a small model: words for `designOf`. */
import type { Words } from "../graph/whole/designs.js";

const top = "select top(2) per token\nweight gate";
const balanced = (line: string): Words => ({ router: `score linear\ngate softmax\n${top}\nbalance ${line}` });
const ahead = 'allow lookahead because "a test"';
/** Routers by the name people know them by. */
export const routerCases: Readonly<Record<string, Words>> = {
  Switch: {
    router:
      "score linear\nnoise jitter(1%) while training\ngate softmax\nselect top(1) per token\nweight gate\nlimit capacity(1.25) else drop\nbalance switch(0.01)",
  },
  GShard: {
    router:
      "score linear\nnoise jitter(1%) while training\ngate softmax\nselect top(2) per token\nweight gate renormalized\nlimit capacity(1.25) else drop\nbalance gshard(0.01)",
  },
  Mixtral: { router: "score linear\nselect top(2) per token\nweight softmax over selected\nbalance switch(0.02)" },
  "DeepSeek-V3": {
    experts: "experts 8 of swiglu(hidden: 5)\n  shared 1 of swiglu(hidden: 5)",
    router:
      "score linear\ngate sigmoid\nbias load_balance(rate: 1e-3, step: sign)\ngroup 4 keep top(2) by sum(top: 2)\nselect top(3) per token\nweight gate renormalized scaled(2.5)\nlimit none\nbalance sequence(1e-4)",
  },
  "Llama 4": { router: "score linear\ngate sigmoid\nselect top(1) per token\nweight gate on input" },
  "top p": { router: "score linear\ngate softmax\nselect mass(0.6) at most 3\nweight gate renormalized" },
  threshold: { router: "score cosine(bias)\ngate sigmoid\nselect above(0.6) at most 3 at least 2\nweight gate" },
  ReLU: { router: "score linear\ngate relu\nselect positive\nweight gate" },
  "MoE++": {
    experts: "experts 3 of swiglu(hidden: 5)\n  experts 1 of zero\n  experts 1 of copy\n  experts 2 of constant",
    router:
      "score linear\nscore linear(from: previous.scores)\ngate softmax\nselect top(2) per token\nweight gate\nbalance switch(0.01, tau: 0.75)",
  },
  noisy: {
    router: `score linear(bias)\nnoise gaussian(learned) while training\ngate softmax\n${top}\nbalance z_loss(1e-3)`,
  },
  cosine: { router: `score linear normalized\ngate softmax\n${top}` },
  "two matrices": { router: `score mlp(hidden: 6, act: tanh)\ngate sqrt_softplus\nbias quantile(rate: 0.5)\n${top}` },
  "by steps": {
    router: `score linear\nnoise jitter(1%) until step(9)\ngate sigmoid until step(3)\ngate softmax from step(3)\nbias load_balance until step(2)\nselect top(1) per token until step(3)\nselect top(3) per token from step(3)\nweight gate\nlimit capacity(1) else drop until step(2)\nbalance switch(0.01) from step(1)`,
  },
  Shazeer: {
    router: `score linear\nnoise gaussian(learned) while training\ngate softmax\n${top}\nbalance importance(0.1)\nbalance load(0.1)`,
  },
  ReMoE: { router: "score linear\ngate relu\nselect positive\nweight gate\nbalance l1(0.1, target: 1/4)" },
  StableMoE: {
    router:
      "score linear\nscore embedding(dim: 3) as student\ngate sigmoid\nselect top(1) per token until step(9)\nselect top(1) per token by student from step(9)\nweight gate\nbalance stable(0.3) until step(9)\nbalance distill(0.3) until step(9)",
  },
  LongCat: {
    experts: "experts 4 of swiglu(hidden: 5)\n  experts 2 of copy",
    router: `score linear\ngate softmax\nbias load_balance(control: pid, target: 2/3)\n${top} scaled(2)\nbalance entropy(0.1)\nbalance device(0.1, groups: 2, target: 2/3)`,
  },
  "DeepSeek-V2": balanced("device(0.05, groups: 2)\nbalance communication(0.5, groups: 2, kept: 1) within sequence"),
  sampled: {
    router:
      "score linear\nnoise gumbel\ngate softmax\nselect top(2) per token thinned(50%)\nweight gate renormalized over candidates\nbalance gshard(0.1)",
  },
  PEER: {
    experts: "experts 36 of neuron",
    router:
      'score product_keys(6, width: 5, heads: 2)\nselect top(3) per token\nweight softmax over selected\nallow imbalance because "as in PEER"',
  },
  "latent width": {
    experts: "latent = 3\n  experts 4 of quickglu(hidden: 5, clamp: 0.4, bias)\n  shared 1 of relu(hidden: 3)",
    router: `score linear\ngate softmax\n${top}`,
  },
  "kinds and sizes": {
    experts:
      "experts 2 of swiglu(hidden: 3)\n  experts 1 of geglu(hidden: 9, bias)\n  experts 20 of rank1\n  experts 20 of neuron\n  experts 1 of constant\n  experts 2 of linear\n  experts 20 of linear(hidden: 2, bias)",
    router: `score linear\ngate softmax\nselect top(6) per token\nweight gate\nbalance switch(0.01)`,
  },
  importance: balanced("importance(0.1)"),
  "mutual information": balanced("mutual_information(0.1)"),
  "Expert Choice": {
    router: `score linear\ngate softmax\nselect top(capacity(1.5)) per expert within batch\nweight gate\n${ahead}`,
  },
  "Expert Choice in sequences": {
    router: `score linear\ngate softmax\nselect top(2) per expert within sequence\nweight gate\nrest zero\n${ahead}`,
  },
  "Mixture of Depths": {
    experts: "experts 1 of swiglu(hidden: 5)\n  experts 1 of copy",
    router: `score linear(to: 1)\ngate sigmoid\nselect top(30%) per sequence\nrest copy\nweight gate\n${ahead}`,
  },
  "scores of some, and of the layer before": {
    router: `score linear(to: 3)\nscore linear(to: 3, from: previous.scores)\ngate softmax\n${top}`,
  },
  "capacity, the next best": {
    router:
      "score linear\ngate softmax\nselect top(2) per token\nweight gate renormalized over kept\nlimit capacity(0.8) else next",
  },
  "capacity by score of MoE++": {
    experts: "experts 3 of swiglu(hidden: 5)\n  experts 1 of zero\n  experts 1 of copy",
    router:
      "score linear\ngate softmax\nselect top(2) per token\nweight gate renormalized over computing\nlimit capacity(0.8, ffn_share: 50%) else copy by score",
  },
  "next best by score": {
    router: "score linear\ngate softmax\nselect top(1) per token\nweight gate\nlimit capacity(0.5) else next by score",
  },
  chunks: {
    unit: "chunk(4)",
    router: `score linear\ngate softmax\nselect top(2) per chunk\nweight gate\nlimit capacity(1.5) else copy\n${ahead}`,
  },
  "chunks by their first token": {
    unit: "chunk(4, reads: first)",
    router: "score linear\ngate softmax\nselect top(2) per chunk\nweight gate",
  },
  BASE: {
    router: `score linear\ngate sigmoid\nselect balanced per batch\nweight gate\n${ahead}`,
  },
  "BASE in sequences": {
    router: `score linear\ngate sigmoid\nselect balanced per sequence\nweight gate\n${ahead}`,
  },
  "BASE by Sinkhorn's scaling": {
    router: `score linear\ngate sigmoid\nselect balanced(by: sinkhorn, rounds: 3) per sequence\nweight gate\n${ahead}`,
  },
  "Soft MoE": {
    experts: "experts 3 of gelu(hidden: 5) with slots(2)\n  experts 1 of swiglu(hidden: 7) with slots(1)",
    router: `score linear normalized\nselect all\ndispatch softmax over tokens\nweight softmax over slots\n${ahead}`,
  },
  "a predictor of experts' choice": {
    router: `score linear\ngate softmax\nselect top(2) per expert within sequence\nweight gate\nbalance predictor(bce)\n${ahead}`,
  },
  "soft: all experts": { router: "score linear\ngate softmax\nselect all\nweight gate" },
};
