/**
 * Noisy top-k, arXiv 1701.06538: H = x W_g + n · softplus(x W_noise), G = softmax(KeepTopK(H, k)); losses w · CV(Σ G)² and
 * w · CV(Σ P)², where P_i = Φ((x W_g)_i − kth largest of the other H) / softplus((x W_noise)_i)).
 */
import { best, part, reluNetwork, scaled, softmax, softplus, sum, times, values } from "../equations.js";
import type { LayerInput } from "../language-model.js";
import { mixed, reported } from "../routing.js";
import { add, div, mul, type Num, num, phi, scale, sub, type Vec } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, small } from "./paper.js";
import { reluStep } from "./switch.js";

const [E, k] = [5, 2];

/** Normal numbers from two uniform ones each. */
function normal({ noise }: LayerInput): number[] {
  const [a, b] = [noise(0), noise(1)];
  return a.map((u, i) => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * b[i]!));
}

/** Variance over squared mean. */
function variation(xs: Vec): Num {
  const mean = scale(sum(xs), 1 / xs.length);
  const squares = xs.map((x) => mul(sub(x, mean), sub(x, mean)));
  return div(scale(sum(squares), 1 / xs.length), mul(mean, mean));
}

const paper =
  (training: boolean): Paper =>
  (it) => {
    const clean = it.xs.map((x) => times(it.weight("router.weight"), x));
    const sizes = it.xs.map((x) => times(it.weight("router.noise.weight"), x).map(softplus));
    const n = training ? normal(it) : [];
    const noisy = clean.map((z, t) => z.map((v, e) => (training ? add(v, scale(sizes[t]![e]!, n[t * E + e]!)) : v)));
    const chosen = noisy.map((h) => {
      const experts = best(values(h), k);
      return { experts, weights: softmax(experts.map((e) => h[e]!)) };
    });
    const experts = Array.from({ length: E }, (_, e) => e);
    const importance = experts.map((e) =>
      sum(chosen.flatMap(({ experts: own, weights }) => weights.filter((_, i) => own[i] === e)).concat(num(0))),
    );
    const record = reported(chosen, E, k);
    const expected = experts.map((e) =>
      sum(
        noisy.map((h, t) => {
          const others = experts.filter((i) => i !== e);
          const kth = others[best(values(others.map((i) => h[i]!)), k)[k - 1]!]!;
          return phi(div(sub(clean[t]![e]!, h[kth]!), sizes[t]![e]!));
        }),
      ),
    );
    const load = training ? expected : record.load.map(num);
    const ys = mixed(it.xs, chosen, (e, x) =>
      reluNetwork(part(it.weight("experts.up.weight"), e, E), part(it.weight("experts.down.weight"), e, E), x),
    );
    return { ys, scores: noisy, losses: scaled([variation(importance), variation(load)], 0.1), ...record };
  };

const layers = (training: boolean) => [
  [attend, reluStep],
  [attend, mixture(paper(training))],
];

export const noisyTopK: PaperCase = {
  spec: "noisy-top-k",
  set: {
    ...small("NoisyTopK", "1 of [Dense, Sparse]"),
    "FeedForward.ffn": "relu(hidden: 6)",
    "Mixture.experts": "5 of relu(hidden: 4)",
    "Mixture.router.select": "top(2) per token",
  },
  layers: layers(true),
  inferring: layers(false),
};
