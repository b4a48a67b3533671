/**
 * gpt-oss, arXiv 2508.10925 and public code: z = W x + b, top-4, weights softmax of the chosen scores; an expert is
 * W₂ ( g σ(1.702 g) ⊙ (u + 1) ) + b₂ with g ≤ 7 and −7 ≤ u ≤ 7.
 */
import { balance, best, hadamard, part, plus, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { add, clamp, mul, num, scale, sigmoid, type Vec } from "../tape.js";
import { type LayerInput, mixture, type Paper, type PaperCase, repeat, small } from "./paper.js";

// the clamp is low enough to be met by small numbers
const [E, k, limit] = [7, 3, 0.4];

function expert({ weight }: LayerInput, e: number, x: Vec): Vec {
  const own = (name: string): Vec => part(weight(`experts.${name}`), e, E);
  const affine = (name: string, y: Vec): Vec => plus(times(own(`${name}.weight`), y), own(`${name}.bias`));
  const g = affine("gate", x).map((v) => clamp(v, Number.NEGATIVE_INFINITY, limit));
  const u = affine("up", x).map((v) => clamp(v, -limit, limit));
  const bent = g.map((v) => mul(v, sigmoid(scale(v, 1.702))));
  return affine(
    "down",
    hadamard(
      bent,
      u.map((v) => add(v, num(1))),
    ),
  );
}

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => plus(times(it.weight("router.weight"), x), it.weight("router.bias")));
  const chosen = scores.map((z) => {
    const experts = best(values(z), k);
    return { experts, weights: softmax(experts.map((e) => z[e]!)) };
  });
  const record = reported(chosen, E, k);
  const losses = [balance(0.01, record.load, scores.map(softmax))];
  return { ys: mixed(it.xs, chosen, (e, x) => expert(it, e, x)), scores, losses, ...record };
};

export const gptOss: PaperCase = {
  spec: "gpt-oss",
  set: {
    ...small("GptOss"),
    "Attend.heads": "4",
    "Mixture.experts": "7 of quickglu(hidden: 3, clamp: 0.4, bias)",
    "Mixture.router.select": "top(3) per token",
  },
  layers: repeat(2, { name: "attend", attention: { heads: 4, kvHeads: 2, biases: true } }, mixture(paper)),
};
