/** CartesianMoE, arXiv 2410.16077: h ← h + A(norm h), then h ← h + B(norm h); both top-2 with a shared expert. */
import { balance, best, plus, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const E = 4;

const half: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const experts = best(values(row), 2);
    return { experts, weights: experts.map((e) => row[e]!) };
  });
  const shared = swigluExpert(it, 1, undefined, "shared");
  const routed = mixed(it.xs, chosen, swigluExpert(it, E));
  const record = reported(chosen, E, 2);
  const ys = it.xs.map((x, t) => plus(shared(0, x), routed[t]!));
  return { ys, scores, losses: [balance(0.01, record.load, p)], ...record };
};

export const cartesianMoe: PaperCase = {
  spec: "cartesian-moe",
  set: {
    ...small("CartesianMoE"),
    "First.experts": "4 of swiglu(hidden: 3)",
    "First.shared": "1 of swiglu(hidden: 5)",
    "Second.experts": "4 of swiglu(hidden: 3)",
    "Second.shared": "1 of swiglu(hidden: 5)",
  },
  layers: repeat(2, attend, mixture(half, "first"), mixture(half, "second")),
};
