/**
 * DeepSeekMoE (arXiv 2401.06066), DeepSeek-V3 (arXiv 2412.19437) and the layers of V4 as in its public code: shared
 * experts beside many small ones; from V3 on, a bias that counts for choosing only.
 */
import {
  balance,
  best,
  counts,
  normalised,
  plus,
  scaled,
  softmax,
  softplus,
  times,
  total,
  values,
} from "../equations.js";
import type { LayerInput } from "../language-model.js";
import { type Edges, mixed, reported } from "../routing.js";
import { add, scale, sigmoid, sqrt, type Vec } from "../tape.js";
import {
  attend,
  mixture,
  type Paper,
  type PaperCase,
  repeat,
  small,
  swigluExpert,
  swigluStep,
  width,
} from "./paper.js";

const scoresOf = ({ xs, weight }: LayerInput): Vec[] => xs.map((x) => times(weight("router.weight"), x));

/** Σ over the shared experts + Σ over the edges. */
function withShared(it: LayerInput, edges: readonly Edges[], E: number, shared: number, limit?: number): Vec[] {
  const always = swigluExpert(it, shared, limit, "shared");
  const routed = mixed(it.xs, edges, swigluExpert(it, E, limit));
  return it.xs.map((x, t) => {
    const all = Array.from({ length: shared }, (_, i) => always(i, x));
    return plus(total(all, width), routed[t]!);
  });
}

/** 1e-4 · Σ f P inside each sequence, averaged over the sequences. */
function sequenceLoss(it: LayerInput, edges: readonly Edges[], gates: readonly Vec[], E: number) {
  const starts = Array.from({ length: it.xs.length / it.sequence }, (_, i) => i * it.sequence);
  const each = starts.map((from) => {
    const inside = edges.slice(from, from + it.sequence).map(({ experts }) => experts);
    return balance(1e-4, counts(inside, E), gates.slice(from, from + it.sequence).map(normalised));
  });
  return scale(add(...each), 1 / each.length);
}

/** b ← b + γ sign(mean load − load). */
const moved = (bias: readonly number[], load: readonly number[]): number[] => {
  const mean = load.reduce((a, b) => a + b, 0) / load.length;
  return bias.map((b, i) => b + 1e-3 * Math.sign(mean - load[i]!));
};

const first: Paper = (it) => {
  const [E, k] = [7, 3];
  const scores = scoresOf(it);
  const s = scores.map(softmax);
  const chosen = s.map((row) => {
    const experts = best(values(row), k);
    return { experts, weights: experts.map((e) => row[e]!) };
  });
  const record = reported(chosen, E, k);
  return { ys: withShared(it, chosen, E, 2), scores, losses: [balance(1e-3, record.load, s)], ...record };
};

export const deepseekMoe: PaperCase = {
  spec: "deepseek-moe",
  set: {
    ...small("DeepSeekMoE"),
    "Mixture.experts": "7 of swiglu(hidden: 3)",
    "Mixture.shared": "2 of swiglu(hidden: 4)",
    "Mixture.router.select": "top(3) per token",
  },
  layers: repeat(2, attend, mixture(first)),
};

/** 4 groups of 3; the 2 groups stay whose 2 best keys add up to most; top-3 inside them. */
const third: Paper = (it) => {
  const [E, k, groups] = [12, 3, 4];
  const scores = scoresOf(it);
  const s = scores.map((z) => z.map(sigmoid));
  const bias = it.state("router.load_bias");
  const chosen = s.map((row) => {
    const keys = values(row).map((x, e) => x + bias[e]!);
    const inGroup = (n: number): number[] => keys.slice(n * (E / groups), (n + 1) * (E / groups));
    const good = Array.from({ length: groups }, (_, n) => {
      const sorted = inGroup(n).sort((a, b) => b - a);
      return sorted[0]! + sorted[1]!;
    });
    const stays = best(good, 2);
    const left = keys.map((x, e) => (stays.includes(Math.floor(e / (E / groups))) ? x : Number.NEGATIVE_INFINITY));
    const experts = best(left, k);
    return { experts, weights: scaled(normalised(experts.map((e) => row[e]!)), 2.5) };
  });
  const record = reported(chosen, E, k);
  const losses = [sequenceLoss(it, chosen, s, E)];
  const states = { "router.load_bias": moved(bias, record.load) };
  return { ys: withShared(it, chosen, E, 1), scores, losses, states, ...record };
};

export const deepseekV3: PaperCase = {
  spec: "deepseek-v3",
  set: {
    ...small("DeepSeekV3", "1 of [Dense, Sparse]"),
    "FeedForward.ffn": "swiglu(hidden: 5)",
    "Mixture.experts": "12 of swiglu(hidden: 3)",
    "Mixture.shared": "1 of swiglu(hidden: 4)",
    "Mixture.router.group": "4 keep top(2) by sum(top: 2)",
    "Mixture.router.select": "top(3) per token",
  },
  layers: [
    [attend, swigluStep],
    [attend, mixture(third)],
  ],
};

const assigned = (id: number, layer: number): number[] => [0, 1, 3].map((i) => (id + i + layer) % 7);

/** score = √softplus(z), weight = score / Σ chosen · 1.5, experts with clamped products. */
const fourth =
  (hashed: boolean): Paper =>
  (it) => {
    const [E, k] = [7, 3];
    const scores = scoresOf(it);
    const s = scores.map((z) => z.map((x) => sqrt(softplus(x))));
    const bias = hashed ? [] : it.state("router.load_bias");
    const chosen = s.map((row, t) => {
      const keys = values(row).map((x, e) => x + (bias[e] ?? 0));
      const experts = hashed ? assigned(it.ids[t]!, it.layer) : best(keys, k);
      return { experts, weights: scaled(normalised(experts.map((e) => row[e]!)), 1.5) };
    });
    const record = reported(chosen, E, k);
    const ys = withShared(it, chosen, E, 1, 0.4);
    if (hashed) return { ys, scores, losses: [], ...record };
    const states = { "router.load_bias": moved(bias, record.load) };
    return { ys, scores, losses: [sequenceLoss(it, chosen, s, E)], states, ...record };
  };

// the clamp is low enough to be met by small numbers
const clamped = (name: string): Record<string, string> => ({
  [`${name}.experts`]: "7 of swiglu(hidden: 3, clamp: 0.4)",
  [`${name}.shared`]: "1 of swiglu(hidden: 4, clamp: 0.4)",
});

export const deepseekV4: PaperCase = {
  spec: "deepseek-v4",
  set: {
    ...small("DeepSeekV4", "1 of [First, Layer]"),
    ...clamped("Hashed"),
    ...clamped("Mixture"),
    "Assigned.tier": "all otherwise sees 3",
    "Mixture.router.select": "top(3) per token",
  },
  layers: [
    [attend, mixture(fourth(true), "hashed")],
    [attend, mixture(fourth(false))],
  ],
  sees: assigned,
};
