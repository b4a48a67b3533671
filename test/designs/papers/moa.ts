/**
 * Mixture of Attention Heads, arXiv 2210.05144: y_t = Σ_i w_{i,t} Att(x_t W^q_i, X W^k, X W^v) W^o_i over the k best
 * heads of a softmax, weights divided by their sum; keys and values belong to all heads.
 */
import { balance, best, mean, normalised, part, softmax, sum, times, total, values, weighted } from "../equations.js";
import { type Attention, attentionOf } from "../language-model.js";
import { type Edges, reported, served } from "../routing.js";
import { exp, log, mul, scale, type Vec } from "../tape.js";
import { type LayerInput, mixture, type Paper, type PaperCase, repeat, type Step, small } from "./paper.js";
import { reluStep } from "./switch.js";

const [E, k] = [4, 2];

/** Σ weight · what the heads of the expert find: one whole attention after the other, with the keys of all. */
export function mixedHeads(it: LayerInput, chosen: readonly Edges[], experts: number, attention: Attention): Vec[] {
  const { xs, weight, sequence } = it;
  const places = xs.map((_, t) => ({ sequence: Math.floor(t / sequence), position: t % sequence }));
  const found = Array.from({ length: experts }, (_, e) => {
    const own = (name: string): Vec =>
      /^[qo]\./.test(name) ? part(weight(`experts.${name}`), e, experts) : weight(name);
    return attentionOf(attention, own, xs, places);
  });
  return xs.map((x, t) => {
    const { experts: es, weights } = chosen[t]!;
    return total(
      es.flatMap((e, i) => (e < 0 ? [] : [weighted(found[e]![t]!, weights[i]!)])),
      x.length,
    );
  });
}

const paper =
  (attention: Attention, room = Number.POSITIVE_INFINITY): Paper =>
  (it) => {
    const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
    const p = scores.map(softmax);
    const chosen = p.map((row) => {
      const experts = best(values(row), k);
      return { experts, weights: normalised(experts.map((e) => row[e]!)) };
    });
    const kept = served(chosen, E, room);
    const record = reported(chosen, E, k, kept);
    const size = scores.map((z) => log(sum(z.map(exp))));
    const losses = [balance(0.01, record.load, p), scale(mean(size.map((x) => mul(x, x))), 1e-3)];
    return { ys: mixedHeads(it, kept, E, attention), scores, losses, ...record };
  };

const heads = (attention: Attention, room?: number): Step => mixture(paper(attention, room), "attend");

const { "Attend.heads": _, ...sizes } = small("MoA");
const set = {
  ...sizes,
  "FeedForward.ffn": "relu(hidden: 5)",
  "Attend.experts": "4 of attention(Heads)",
  "Attend.router.select": "top(2) per token",
  "Heads.head_dim": "4",
};

export const moa: PaperCase = { spec: "moa", set, layers: repeat(2, heads({ heads: 1 }), reluStep) };

/** What the paper does not have: two keys for four heads, norms, biases, heads that take so many tokens only. */
export const moaWithAll: PaperCase = {
  spec: "moa",
  set: {
    ...set,
    "Heads.heads": "4",
    "Heads.kv_heads": "2",
    "Heads.head_dim": "2",
    "Heads.qk_norm": "on",
    "Heads.bias": "on",
    "Attend.router.limit": "capacity(1.0) else drop",
  },
  layers: repeat(2, heads({ heads: 4, kvHeads: 2, norms: true, biases: true }, (12 * k) / E), reluStep),
};
