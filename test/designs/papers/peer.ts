/**
 * PEER, arXiv 2407.04153: for every head q = W x cut in two, s_ij = q₁·k_i + q₂·k′_j for all pairs of keys, the k best of
 * them, y = Σ softmax(s) gelu(u·x) v. The paper looks at the k best keys of each list only; all pairs give the same.
 */
import { best, part, softmax, times, values, weighted } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { add, dot, gelu, type Vec } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, small, swigluStep } from "./paper.js";

const [keys, heads, k] = [4, 2, 3];
const E = keys * keys;

const paper: Paper = ({ xs, weight }) => {
  const lists = [0, 1].map((s) => ({
    query: weight(`router.query.${s}.weight`),
    key: weight(`router.keys.${s}.weight`),
  }));
  const scoresOf = (x: Vec, head: number): Vec => {
    const [first, second] = lists.map(({ query, key }) => times(key, part(times(query, x), head, heads)));
    return first!.flatMap((a) => second!.map((b) => add(a, b)));
  };
  const chosen = xs.map((x) => {
    const each = Array.from({ length: heads }, (_, head) => {
      const s = scoresOf(x, head);
      const experts = best(values(s), k);
      return { experts, weights: softmax(experts.map((e) => s[e]!)) };
    });
    return { experts: each.flatMap((h) => h.experts), weights: each.flatMap((h) => h.weights) };
  });
  const [u, v] = [weight("experts.up.weight"), weight("experts.down.weight")];
  const ys = mixed(xs, chosen, (e, x) => weighted(part(v, e, E), gelu(dot(part(u, e, E), x))));
  return { ys, losses: [], ...reported(chosen, E, heads * k) };
};

export const peer: PaperCase = {
  spec: "peer",
  set: {
    ...small("Peer", "1 of [Dense, Sparse]"),
    "FeedForward.ffn": "swiglu(hidden: 5)",
    "Mixture.experts": "16 of neuron",
    "Mixture.router.score": "product_keys(4, width: 3, heads: 2)",
    "Mixture.router.select": "top(3) per token",
  },
  layers: [
    [attend, swigluStep],
    [attend, mixture(paper)],
  ],
};
