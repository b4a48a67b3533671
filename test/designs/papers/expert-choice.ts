/** Expert choice, arXiv 2202.09368: every expert takes the ⌈c·T/N⌉ tokens of its column of softmax(X W) that are best. */
import { best, geluNetwork, part, softmax, times } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small } from "./paper.js";

const E = 5;

const paper: Paper = ({ xs, weight }) => {
  const scores = xs.map((x) => times(weight("router.weight"), x));
  const p = scores.map(softmax);
  const taken = Array.from({ length: E }, (_, e) =>
    best(
      p.map((row) => row[e]!.value),
      Math.ceil((2 * xs.length) / E),
    ),
  );
  const chosen = p.map((row, t) => {
    const experts = taken.map((tokens, e) => (tokens.includes(t) ? e : -1));
    return { experts, weights: row };
  });
  const ys = mixed(xs, chosen, (e, x) =>
    geluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
  );
  return { ys, scores, losses: [], ...reported(chosen, E, E) };
};

export const expertChoice: PaperCase = {
  spec: "expert-choice",
  set: { ...small("ExpertChoice"), "Mixture.experts": "5 of gelu(hidden: 3)" },
  layers: repeat(2, attend, mixture(paper)),
};
