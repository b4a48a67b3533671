/** Branch-Train-MiX, arXiv 2403.07816: Σ g_i FFN_i(x), g a softmax of the best two scores; a branch is a dense model. */
import { balance, best, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert, swigluStep } from "./paper.js";

// three branches, of which a token uses two
const [E, k] = [3, 2];

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const chosen = scores.map((z) => {
    const experts = best(values(z), k);
    return { experts, weights: softmax(experts.map((e) => z[e]!)) };
  });
  const record = reported(chosen, E, k);
  const losses = [balance(0.01, record.load, scores.map(softmax))];
  return { ys: mixed(it.xs, chosen, swigluExpert(it, E)), scores, losses, ...record };
};

export const branchTrainMix: PaperCase = {
  spec: "branch-train-mix",
  set: {
    ...small("BranchTrainMix"),
    "BranchTrainMix.init": 'merge(["one", "two", "three"])',
    "Mixture.experts": "3 of swiglu(hidden: 3)",
  },
  layers: repeat(2, attend, mixture(paper)),
};

export const branch: PaperCase = {
  spec: "branch",
  set: { ...small("Branch"), "FeedForward.ffn": "swiglu(hidden: 5)" },
  layers: repeat(2, attend, swigluStep),
};
