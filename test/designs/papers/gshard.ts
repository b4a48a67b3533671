/**
 * GShard, arXiv 2006.16668: the two best experts, the second with probability 2·g₂ of the shares of the two, weights
 * divided by the sum of the two whether the second is kept or not, 2·⌈T/N⌉ places per expert, first choices first.
 */
import { balance, best, counts, normalised, part, reluNetwork, softmax, times, values } from "../equations.js";
import { mixed, reported, served } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, small } from "./paper.js";
import { reluStep } from "./switch.js";

const E = 4;

const layer =
  (training: boolean): Paper =>
  ({ xs, weight, noise }) => {
    const scores = xs.map((x) => times(weight("router.weight"), x));
    const p = scores.map(softmax);
    const chosen = p.map((row, t) => {
      const [first, second] = best(values(row), 2) as [number, number];
      const share = row[second]!.value / (row[first]!.value + row[second]!.value);
      const keeps = !training || noise(0)[2 * t + 1]! < 2 * share;
      const weights = normalised([first, second].map((e) => row[e]!));
      return { experts: [first, keeps ? second : -1], weights };
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
    [attend, mixture(layer(true))],
  ],
  inferring: [
    [attend, reluStep],
    [attend, mixture(layer(false))],
  ],
};
