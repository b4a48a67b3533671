/**
 * BASE layers, arXiv 2103.16716: training assigns T/N tokens to every expert so that Σ x·w is largest, inferring takes
 * the best; y = σ(x·w_a) FF_a(LN_a x). The assignment is found by trying: the best sum for every number of tokens that each
 * expert may have left.
 */
import { best, layerNorm, part, reluNetwork, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { sigmoid } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, type Step, small } from "./paper.js";

const E = 3;

interface Plan {
  readonly sum: number;
  readonly experts: readonly number[];
}

/** An expert for every row of scores, each expert the same number of times, with the largest sum. */
function assigned(scores: readonly (readonly number[])[]): readonly number[] {
  const known = new Map<string, Plan>();
  const from = (t: number, left: readonly number[]): Plan => {
    if (t === scores.length) return { sum: 0, experts: [] };
    const key = left.join();
    const found = known.get(key);
    if (found) return found;
    const plans = left.flatMap((n, e): Plan[] => {
      if (n === 0) return [];
      const rest = from(
        t + 1,
        left.map((m, i) => (i === e ? m - 1 : m)),
      );
      return [{ sum: scores[t]![e]! + rest.sum, experts: [e, ...rest.experts] }];
    });
    const plan = plans.reduce((a, b) => (b.sum > a.sum ? b : a));
    known.set(key, plan);
    return plan;
  };
  return from(0, new Array<number>(E).fill(scores.length / E)).experts;
}

const paper =
  (training: boolean): Paper =>
  ({ xs, weight }) => {
    const scores = xs.map((x) => times(weight("router.weight"), x));
    const even = assigned(scores.map(values));
    const chosen = scores.map((z, t) => {
      const a = training ? even[t]! : best(values(z), 1)[0]!;
      return { experts: [a], weights: [sigmoid(z[a]!)] };
    });
    const own = (name: string, e: number) => part(weight(`experts.network.${name}`), e, E);
    const ys = mixed(xs, chosen, (e, x) =>
      reluNetwork(own("up.weight", e), own("down.weight", e), layerNorm(own("norm.weight", e), own("norm.bias", e), x)),
    );
    return { ys, scores, losses: [], ...reported(chosen, E, 1) };
  };

/** Tokens are scored before any norm. */
const raw = (training: boolean): Step => ({ ...mixture(paper(training)), norm: "none" });

export const base: PaperCase = {
  spec: "base",
  set: { ...small("Base"), "Mixture.experts": "3 of block(Expert)", "Network.ffn": "relu(hidden: 5)" },
  layers: repeat(2, attend, raw(true)),
  inferring: repeat(2, attend, raw(false)),
  // of assignments that are equally good, the paper does not say which
  without: ["tied", "twins"],
};
