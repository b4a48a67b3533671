/** OLMoE, arXiv 2409.02060: the best gates of a softmax as they are; a balance loss and the mean of logsumexp². */
import { balance, best, mean, softmax, sum, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { exp, log, mul, scale } from "../tape.js";
import { mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const [E, k] = [6, 3];

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const experts = best(values(row), k);
    return { experts, weights: experts.map((e) => row[e]!) };
  });
  const record = reported(chosen, E, k);
  const sizes = scores.map((z) => log(sum(z.map(exp))));
  const z = scale(mean(sizes.map((s) => mul(s, s))), 1e-3);
  const losses = [balance(0.01, record.load, p), z];
  return { ys: mixed(it.xs, chosen, swigluExpert(it, E)), scores, losses, ...record };
};

export const olmoe: PaperCase = {
  spec: "olmoe",
  set: {
    ...small("OLMoE"),
    "Mixture.experts": "6 of swiglu(hidden: 3)",
    "Mixture.router.select": "top(3) per token",
  },
  layers: repeat(2, { name: "attend", attention: { heads: 2, norms: true } }, mixture(paper)),
};
