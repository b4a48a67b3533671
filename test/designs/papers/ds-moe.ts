/**
 * Dense training, sparse inference, arXiv 2404.05567: Σ over all experts while training, over the K best while
 * inferring, both with softmax weights that are not renormalised; loss α · ( −H(e) + mean H(e | x) ).
 */
import { best, geluNetwork, mean, part, softmax, sum, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { log, mul, scale, sub, type Vec } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small } from "./paper.js";

const E = 5;

const entropy = (p: Vec) => scale(sum(p.map((x) => mul(x, log(x)))), -1);

/** All experts with k = E, in the order of their numbers; else the k best. */
const paper =
  (k: number): Paper =>
  ({ xs, weight }) => {
    const scores = xs.map((x) => times(weight("router.weight"), x));
    const p = scores.map(softmax);
    const chosen = p.map((row) => {
      const experts = k === E ? row.map((_, e) => e) : best(values(row), k);
      return { experts, weights: experts.map((e) => row[e]!) };
    });
    const ys = mixed(xs, chosen, (e, x) =>
      geluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
    );
    const together = Array.from({ length: E }, (_, e) => mean(p.map((row) => row[e]!)));
    const loss = scale(sub(mean(p.map(entropy)), entropy(together)), 6.3e-4);
    return { ys, scores, losses: [loss], ...reported(chosen, E, k) };
  };

export const dsMoe: PaperCase = {
  spec: "ds-moe",
  set: {
    ...small("DSMoE"),
    "Mixture.experts": "5 of gelu(hidden: 4)",
    "Mixture.router.select[1]": "top(2) per token while inferring",
  },
  layers: repeat(2, attend, mixture(paper(E))),
  inferring: repeat(2, attend, mixture(paper(2))),
};
