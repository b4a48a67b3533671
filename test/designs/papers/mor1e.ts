/** Mixture of rank-one experts, arXiv 2404.08985: y = F(x) + Σ g_i b_i (a_i · x), g = 32 · softmax(R x). */
import { part, plus, scaled, softmax, times, weighted } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { dot } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const E = 5;

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const chosen = scores.map((z) => ({ experts: z.map((_, e) => e), weights: scaled(softmax(z), 32) }));
  const [a, b] = [it.weight("experts.down.weight"), it.weight("experts.up.weight")];
  const rankOne = mixed(it.xs, chosen, (e, x) => weighted(part(b, e, E), dot(part(a, e, E), x)));
  const network = swigluExpert(it, 1, undefined, "shared");
  const ys = it.xs.map((x, t) => plus(network(0, x), rankOne[t]!));
  return { ys, scores, losses: [], ...reported(chosen, E, E) };
};

export const mor1e: PaperCase = {
  spec: "mor1e",
  set: {
    ...small("MoR1E"),
    "Mixture.experts": "5 of rank1",
    "Mixture.shared": "1 of swiglu(hidden: 3)",
  },
  layers: repeat(2, attend, mixture(paper)),
};
