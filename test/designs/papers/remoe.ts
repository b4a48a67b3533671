/**
 * ReMoE, arXiv 2412.14711: R = ReLU(x W), y = Σ R_e E_e(x); loss λ · N/(k T²) · Σ_e (tokens with R_e > 0) · Σ_t R_te;
 * after the step λ is multiplied by 1.2 while more than k/N of all R are positive, else divided.
 */
import { sum, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { relu, scale } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const [E, k] = [4, 1];

const paper: Paper = (it) => {
  const { xs, weight } = it;
  const scores = xs.map((x) => times(weight("router.weight"), x));
  const r = scores.map((z) => z.map(relu));
  const chosen = r.map((row) => {
    const all = values(row);
    const positive = all.flatMap((x, e) => (x > 0 ? [e] : [])).sort((a, b) => all[b]! - all[a]! || a - b);
    return { experts: positive, weights: positive.map((e) => row[e]!) };
  });
  const record = reported(chosen, E, E);
  const [lambda] = it.state("router.l1_strength");
  const each = record.load.map((n, e) => scale(sum(r.map((row) => row[e]!)), n));
  const loss = scale(sum(each), (lambda! * E) / (k * xs.length ** 2));
  const positive = record.load.reduce((a, b) => a + b, 0) / (xs.length * E);
  const next = positive > k / E ? lambda! * 1.2 : lambda! / 1.2;
  return {
    ys: mixed(xs, chosen, swigluExpert(it, E)),
    scores,
    losses: [loss],
    states: { "router.l1_strength": [next] },
    ...record,
  };
};

export const remoe: PaperCase = {
  spec: "remoe",
  set: {
    ...small("ReMoE"),
    "Mixture.experts": "4 of swiglu(hidden: 3)",
    "Mixture.router.balance": "l1(1e-8, target: 1/4)",
  },
  layers: repeat(2, attend, mixture(paper)),
};
