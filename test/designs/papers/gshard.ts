/** GShard, arXiv 2006.16668: the two best experts, gates g₁/(g₁+g₂) and g₂/(g₁+g₂), 2·⌈T/N⌉ places per expert. */
import { balance, best, counts, normalised, part, reluNetwork, softmax, times, values } from "../equations.js";
import { mixed, reported, served } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, small } from "./paper.js";
import { reluStep } from "./switch.js";

const E = 4;

const layer: Paper = ({ xs, weight }) => {
  const scores = xs.map((x) => times(weight("router.weight"), x));
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const experts = best(values(row), 2);
    return { experts, weights: normalised(experts.map((e) => row[e]!)) };
  });
  const kept = served(chosen, E, 2 * Math.ceil(xs.length / E));
  const first = counts(
    chosen.map(({ experts }) => experts.slice(0, 1)),
    E,
  );
  const ys = mixed(xs, kept, (e, x) =>
    reluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
  );
  return { ys, scores, losses: [balance(0.01, first, p)], ...reported(chosen, E, 2, kept) };
};

export const gshard: PaperCase = {
  spec: "gshard",
  set: {
    ...small("GShard", "1 of [Dense, Sparse]"),
    "FeedForward.ffn": "relu(hidden: 6)",
    "Mixture.experts": "4 of relu(hidden: 5)",
  },
  layers: [
    [attend, reluStep],
    [attend, mixture(layer)],
  ],
};
