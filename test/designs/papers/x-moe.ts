/** X-MoE, arXiv 2204.09179: s_i = (W x)·e_i / (|W x| |e_i|), gate softmax(s / τ) with a learned τ, top-1. */
import { balance, best, geluNetwork, part, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { div, dot, mul, scale, sqrt } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small } from "./paper.js";

const E = 6;

const paper: Paper = ({ xs, weight }) => {
  // the temperature is stored as a multiple of the 0.3 that it starts at
  const tau = scale(weight("router.temperature")[0]!, 0.3);
  const scores = xs.map((x) => {
    const low = times(weight("router.projection.weight"), x);
    return Array.from({ length: E }, (_, i) => {
      const e = part(weight("router.weight"), i, E);
      return div(div(dot(low, e), mul(sqrt(dot(low, low)), sqrt(dot(e, e)))), tau);
    });
  });
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const [i] = best(values(row), 1);
    return { experts: [i!], weights: [row[i!]!] };
  });
  const record = reported(chosen, E, 1);
  const ys = mixed(xs, chosen, (e, x) =>
    geluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
  );
  return { ys, scores, losses: [balance(0.01, record.load, p)], ...record };
};

export const xMoe: PaperCase = {
  spec: "x-moe",
  set: { ...small("XMoE"), "Mixture.experts": "6 of gelu(hidden: 5)" },
  layers: repeat(2, attend, mixture(paper)),
  // a cosine with nothing is not a number in the paper
  without: ["tied"],
};
