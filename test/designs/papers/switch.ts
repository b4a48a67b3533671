/** Switch Transformer, arXiv 2101.03961: y = p_i E_i(x) for the best expert i of a jittered softmax. */
import { balance, best, part, reluNetwork, softmax, times, values } from "../equations.js";
import { mixed, reported, served } from "../routing.js";
import { scale, type Vec } from "../tape.js";
import { attend, type LayerInput, mixture, type Paper, type PaperCase, type Step, small, width } from "./paper.js";

const E = 4;

/** What the router sees: inputs times numbers between 0.99 and 1.01. */
function jittered({ xs, noise }: LayerInput): Vec[] {
  const uniform = noise(0);
  return xs.map((x, t) => x.map((v, c) => scale(v, 0.99 + 0.02 * uniform[t * width + c]!)));
}

const layer =
  (training: boolean): Paper =>
  (it) => {
    const { xs, weight } = it;
    const seen = training ? jittered(it) : xs;
    const scores = seen.map((x) => times(weight("router.weight"), x));
    const p = scores.map(softmax);
    const chosen = p.map((row) => {
      const [i] = best(values(row), 1);
      return { experts: [i!], weights: [row[i!]!] };
    });
    const kept = served(chosen, E, Math.ceil(((training ? 1.25 : 2) * xs.length) / E));
    const record = reported(chosen, E, 1, kept);
    const ys = mixed(xs, kept, (e, x) =>
      reluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
    );
    return { ys, scores, losses: [balance(0.01, record.load, p)], ...record };
  };

export const reluStep: Step = {
  name: "feedforward",
  dense: (weight, x) => reluNetwork(weight("up.weight"), weight("down.weight"), x),
};

export const switchTransformer: PaperCase = {
  spec: "switch",
  set: {
    ...small("Switch", "1 of [Dense, Sparse]"),
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
