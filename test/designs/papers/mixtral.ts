/** Mixtral, arXiv 2401.04088: the two best scores, weights softmax of the two. */
import { balance, best, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const E = 5;

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const chosen = scores.map((z) => {
    const experts = best(values(z), 2);
    return { experts, weights: softmax(experts.map((e) => z[e]!)) };
  });
  const record = reported(chosen, E, 2);
  const losses = [balance(0.02, record.load, scores.map(softmax))];
  return { ys: mixed(it.xs, chosen, swigluExpert(it, E)), scores, losses, ...record };
};

export const mixtral: PaperCase = {
  spec: "mixtral",
  set: {
    ...small("Mixtral"),
    "Attend.heads": "4",
    "Attend.kv_heads": "2",
    "Mixture.experts": "5 of swiglu(hidden: 3)",
  },
  layers: repeat(2, { name: "attend", attention: { heads: 4, kvHeads: 2, base: 1_000_000 } }, mixture(paper)),
};
