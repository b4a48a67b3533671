/**
 * ScMoE, arXiv 2404.05019, position 2: H ← H + SE(H) + Σ G(H′)_i E_i(H′), where H′ is the stream of the layer before,
 * after its attention. Noisy scores z + n · softplus(W_noise H′), n from a normal distribution.
 */
import { balance, best, geluNetwork, part, plus, softmax, softplus, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { scale, type Vec } from "../tape.js";
import { attend, type LayerInput, mixture, type Paper, type PaperCase, type Step, small } from "./paper.js";

const E = 4;

/** Normal numbers from two uniform ones each. */
function normal({ noise }: LayerInput): number[] {
  const [a, b] = [noise(0), noise(1)];
  return a.map((u, i) => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * b[i]!));
}

function noisy(it: LayerInput, z: readonly Vec[]): Vec[] {
  const n = normal(it);
  return z.map((row, t) => {
    const size = times(it.weight("router.noise.weight"), it.xs[t]!).map(softplus);
    return plus(
      row,
      size.map((s, e) => scale(s, n[t * E + e]!)),
    );
  });
}

const paper =
  (training: boolean): Paper =>
  (it) => {
    const { xs, here, weight } = it;
    const clean = xs.map((x) => times(weight("router.weight"), x));
    const scores = training ? noisy(it, clean) : clean;
    const p = scores.map(softmax);
    const chosen = p.map((row) => {
      const [i] = best(values(row), 1);
      return { experts: [i!], weights: [row[i!]!] };
    });
    const routed = mixed(xs, chosen, (e, x) =>
      geluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
    );
    const shared = here.map((x) => geluNetwork(weight("shared.up.weight"), weight("shared.down.weight"), x));
    const record = reported(chosen, E, 1);
    const ys = routed.map((y, t) => plus(y, shared[t]!));
    return { ys, scores, losses: [balance(0.01, record.load, p)], ...record };
  };

const geluStep: Step = {
  name: "feedforward",
  dense: (weight, x) => geluNetwork(weight("up.weight"), weight("down.weight"), x),
};
const reading = (training: boolean): Step => ({ ...mixture(paper(training)), reads: { back: 1, after: "attend" } });

export const scMoe: PaperCase = {
  spec: "sc-moe",
  set: {
    ...small("ScMoE", "1 of [Dense, Sparse]"),
    "FeedForward.ffn": "gelu(hidden: 6)",
    "Mixture.experts": "4 of gelu(hidden: 5)",
    "Mixture.shared": "1 of gelu(hidden: 3)",
  },
  layers: [
    [attend, geluStep],
    [attend, reading(true)],
  ],
  inferring: [
    [attend, geluStep],
    [attend, reading(false)],
  ],
};
