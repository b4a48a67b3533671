/**
 * Multi-Head MoE, arXiv 2404.15045 and 2411.16205: a head layer, contiguous slices routed one by one by one router,
 * a merge layer; gates not renormalised, no residual inside.
 */
import { balance, best, part, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert, swigluStep } from "./paper.js";

const paper =
  (h: number, E: number, k: number): Paper =>
  (it) => {
    const { xs, weight } = it;
    const units = xs.flatMap((x) => {
      const headed = times(weight("split.weight"), x);
      return Array.from({ length: h }, (_, i) => part(headed, i, h));
    });
    const scores = units.map((x) => times(weight("router.weight"), x));
    const g = scores.map(softmax);
    const chosen = g.map((row) => {
      const experts = best(values(row), k);
      return { experts, weights: experts.map((e) => row[e]!) };
    });
    const out = mixed(units, chosen, swigluExpert(it, E));
    const ys = xs.map((_, t) => times(weight("merge.weight"), out.slice(t * h, (t + 1) * h).flat()));
    const record = reported(chosen, E, k);
    return { ys, scores, losses: [balance(0.01, record.load, g)], ...record };
  };

export const mhMoe: PaperCase = {
  spec: "mh-moe",
  set: { ...small("MHMoE"), "Mixture.experts": "6 of swiglu(hidden: 5)" },
  layers: repeat(2, attend, mixture(paper(2, 6, 2))),
};

const dense = { "FeedForward.ffn": "swiglu(hidden: 5)" };
const everySecond = (layer: Paper) => [
  [attend, swigluStep],
  [attend, mixture(layer)],
];

export const mhMoeTwoHeads: PaperCase = {
  spec: "mh-moe-v2-h2",
  set: { ...small("MHMoE", "1 of [Dense, Sparse]"), ...dense, "Mixture.experts": "7 of swiglu(hidden: 3)" },
  layers: everySecond(paper(2, 7, 2)),
};

export const mhMoeThreeHeads: PaperCase = {
  spec: "mh-moe-v2-h3",
  // eight channels cannot be cut in three
  set: {
    ...small("MHMoE", "1 of [Dense, Sparse]"),
    ...dense,
    "MHMoE.d_model": "12",
    "Mixture.experts": "7 of swiglu(hidden: 3)",
  },
  layers: everySecond(paper(3, 7, 3)),
};
