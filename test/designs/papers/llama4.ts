/** Llama 4, public code: y = shared(x) + E_i( σ(z_i) · x ) for the best expert i. */
import { balance, best, normalised, plus, times, values, weighted } from "../equations.js";
import { reported } from "../routing.js";
import { sigmoid } from "../tape.js";
import { mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const E = 4;

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const gates = scores.map((z) => z.map(sigmoid));
  const chosen = gates.map((row) => {
    const [i] = best(values(row), 1);
    return { experts: [i!], weights: [row[i!]!] };
  });
  const shared = swigluExpert(it, 1, undefined, "shared");
  const expert = swigluExpert(it, E);
  const ys = it.xs.map((x, t) => {
    const { experts, weights } = chosen[t]!;
    return plus(shared(0, x), expert(experts[0]!, weighted(x, weights[0]!)));
  });
  const record = reported(chosen, E, 1);
  return { ys, scores, losses: [balance(0.01, record.load, gates.map(normalised))], ...record };
};

export const llama4: PaperCase = {
  spec: "llama4",
  set: {
    ...small("Llama4"),
    "Attend.heads": "4",
    "Mixture.experts": "4 of swiglu(hidden: 3)",
    "Mixture.shared": "1 of swiglu(hidden: 5)",
  },
  layers: repeat(2, { name: "attend", attention: { heads: 4, kvHeads: 2, base: 500_000 } }, mixture(paper)),
};
