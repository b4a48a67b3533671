/**
 * Intuition-MoR1E, arXiv 2404.08985: y = F(x) + γ Σ g_i b_i (a_i · x), g = 32 · w · softmax(R x) + 4 · (1 − w) · s, with
 * w = σ(100 ω), γ = σ(100 β) and s_i the cosine between the document and a centroid. A document is the mean embedding of
 * its first tokens, as far as they have been read.
 */
import { part, plus, scaled, softmax, times, weighted } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { add, div, dot, mul, num, scale, sigmoid, sqrt, sub, type Vec } from "../tape.js";
import {
  attend,
  type LayerInput,
  mixture,
  type Paper,
  type PaperCase,
  repeat,
  small,
  swigluExpert,
  width,
} from "./paper.js";

const [E, first] = [5, 3];

const ofLengthOne = (x: Vec): Vec => x.map((v) => div(v, sqrt(dot(x, x))));

/** The mean embedding of the first tokens of the sequence of token t, at most up to t. */
function documentOf({ ids, embedded, sequence }: LayerInput, t: number): Vec {
  const start = t - (t % sequence);
  const read = ids.slice(start, Math.min(t + 1, start + first)).map(embedded);
  return Array.from({ length: width }, (_, c) => num(read.reduce((sum, row) => sum + row[c]!, 0) / read.length));
}

const paper: Paper = (it) => {
  const { xs, weight } = it;
  const scores = xs.map((x) => times(weight("router.weight"), x));
  const w = sigmoid(scale(weight("router.intuition.share")[0]!, 100));
  const gamma = sigmoid(scale(weight("router.intuition.scale")[0]!, 100));
  const centroids = Array.from({ length: E }, (_, e) => ofLengthOne(part(weight("router.intuition.weight"), e, E)));
  const chosen = scores.map((z, t) => {
    const document = ofLengthOne(documentOf(it, t));
    const token = scaled(weighted(softmax(z), w), 32);
    const near = scaled(
      centroids.map((centroid) => mul(sub(num(1), w), dot(centroid, document))),
      4,
    );
    return { experts: z.map((_, e) => e), weights: token.map((x, e) => mul(gamma, add(x, near[e]!))) };
  });
  const [a, b] = [weight("experts.down.weight"), weight("experts.up.weight")];
  const rankOne = mixed(xs, chosen, (e, x) => weighted(part(b, e, E), dot(part(a, e, E), x)));
  const network = swigluExpert(it, 1, undefined, "shared");
  const ys = xs.map((x, t) => plus(network(0, x), rankOne[t]!));
  return { ys, scores, losses: [], ...reported(chosen, E, E) };
};

export const mor1e: PaperCase = {
  spec: "mor1e",
  set: {
    ...small("MoR1E"),
    "Mixture.experts": "5 of rank1",
    "Mixture.router.weight": "intuition(gate: 32, document: 4, first: 3)",
    "Mixture.shared": "1 of swiglu(hidden: 3)",
  },
  layers: repeat(2, attend, mixture(paper)),
};
