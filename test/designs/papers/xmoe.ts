/** XMoE, arXiv 2403.18926: experts by falling gate while the mass before them is below the threshold. */
import { balance, best, counts, geluNetwork, part, softmax, times, values } from "../equations.js";
import { mixed, reported, served } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small } from "./paper.js";

const [E, most, threshold] = [6, 4, 0.9];

const paper: Paper = ({ xs, weight }) => {
  const scores = xs.map((x) => times(weight("router.weight"), x));
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const experts: number[] = [];
    let mass = 0;
    for (const e of best(values(row), most)) {
      if (mass >= threshold) break;
      experts.push(e);
      mass += row[e]!.value;
    }
    while (experts.length < most) experts.push(-1);
    return { experts, weights: experts.map((e) => row[Math.max(e, 0)]!) };
  });
  const kept = served(chosen, E, Math.ceil((most * xs.length) / E));
  const first = counts(
    chosen.map(({ experts }) => experts.slice(0, 1)),
    E,
  );
  const ys = mixed(xs, kept, (e, x) =>
    geluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
  );
  return { ys, scores, losses: [balance(0.01, first, p)], ...reported(chosen, E, most, kept) };
};

export const xmoe: PaperCase = {
  spec: "xmoe",
  set: {
    ...small("XMoE"),
    "Mixture.experts": "6 of gelu(hidden: 5)",
    "Mixture.router.select": "mass(0.9) at most 4",
  },
  layers: repeat(2, attend, mixture(paper)),
};
