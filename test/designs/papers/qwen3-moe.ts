/** Qwen3-MoE, arXiv 2505.09388: the best gates of a softmax, divided by their sum; norms on queries and keys. */
import { balance, best, normalised, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const [E, k] = [7, 3];

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const experts = best(values(row), k);
    return { experts, weights: normalised(experts.map((e) => row[e]!)) };
  });
  const record = reported(chosen, E, k);
  return { ys: mixed(it.xs, chosen, swigluExpert(it, E)), scores, losses: [balance(1e-3, record.load, p)], ...record };
};

const attention = { heads: 4, kvHeads: 2, base: 1_000_000, norms: true };

export const qwen3Moe: PaperCase = {
  spec: "qwen3-moe",
  set: {
    ...small("Qwen3MoE"),
    "Attend.heads": "4",
    "Mixture.experts": "7 of swiglu(hidden: 3)",
    "Mixture.router.select": "top(3) per token",
  },
  layers: repeat(2, { name: "attend", attention }, mixture(paper)),
};
