/**
 * AdaMoE, arXiv 2406.13233: top-k of a softmax over real and null experts, which give 0; weights divided by the sum over
 * the real experts chosen; the balance loss with the load of each null expert replaced by the mean of theirs.
 */
import { balance, best, softmax, sum, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { div, num } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const [real, nulls, k] = [4, 3, 3];

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const experts = best(values(row), k);
    const all = sum(experts.filter((e) => e < real).map((e) => row[e]!));
    return { experts, weights: experts.map((e) => (e < real ? div(row[e]!, all) : num(0))) };
  });
  const record = reported(chosen, real + nulls, k);
  const idle = record.load.slice(real).reduce((a, b) => a + b, 0) / nulls;
  const load = record.load.map((n, e) => (e < real ? n : idle));
  const expert = swigluExpert(it, real, undefined, "experts.0");
  const ys = mixed(it.xs, chosen, (e, x) => (e < real ? expert(e, x) : x.map(() => num(0))));
  return { ys, scores, losses: [balance(0.01, load, p)], ...record };
};

export const adamoe: PaperCase = {
  spec: "adamoe",
  set: {
    ...small("AdaMoE"),
    "Mixture.experts[0]": "4 of swiglu(hidden: 3)",
    "Mixture.experts[1]": "3 of zero",
    "Mixture.router.select": "top(3) per token",
    "Mixture.router.balance": "device(0.01, groups: 4, target: 4/7)",
  },
  layers: repeat(2, attend, mixture(paper)),
};
