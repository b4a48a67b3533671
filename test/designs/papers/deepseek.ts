/**
 * DeepSeekMoE (arXiv 2401.06066), DeepSeek-V2 (arXiv 2405.04434), DeepSeek-V3 (arXiv 2412.19437) and the layers of V4 as
 * in its public code: shared experts beside many small ones; losses over devices; from V3 on, a bias that counts for
 * choosing only.
 */
import {
  balance,
  best,
  counts,
  mean,
  normalised,
  plus,
  scaled,
  softmax,
  softplus,
  sum,
  times,
  total,
  values,
} from "../equations.js";
import type { LayerInput } from "../language-model.js";
import { type Edges, mixed, reported } from "../routing.js";
import { add, type Num, scale, sigmoid, sqrt, type Vec } from "../tape.js";
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

/** A loss of the experts and gates of some tokens, taken inside each sequence and averaged over the sequences. */
function inSequences(
  it: LayerInput,
  edges: readonly Edges[],
  gates: readonly Vec[],
  loss: (experts: readonly (readonly number[])[], gates: readonly Vec[]) => Num,
): Num {
  const starts = Array.from({ length: it.xs.length / it.sequence }, (_, i) => i * it.sequence);
  const each = starts.map((from) => {
    const inside = edges.slice(from, from + it.sequence).map(({ experts }) => experts);
    return loss(inside, gates.slice(from, from + it.sequence));
  });
  return scale(add(...each), 1 / each.length);
}

/** α · Σ f P inside each sequence, averaged over the sequences. */
const sequenceLoss = (it: LayerInput, edges: readonly Edges[], gates: readonly Vec[], E: number, alpha = 1e-4): Num =>
  inSequences(it, edges, gates, (experts, rows) => balance(alpha, counts(experts, E), rows.map(normalised)));

/** The experts of device d of D. */
const onDevice = (d: number, D: number, E: number): number[] =>
  Array.from({ length: E / D }, (_, i) => d * (E / D) + i);

/** α Σ_D f' P': f' the mean of fᵢ = E/(K T) · countᵢ over the experts of a device, P' the sum of their mean gates. */
function deviceLoss(
  alpha: number,
  experts: readonly (readonly number[])[],
  gates: readonly Vec[],
  E: number,
  D: number,
) {
  const count = counts(experts, E);
  const edges = count.reduce((a, b) => a + b, 0);
  const each = Array.from({ length: D }, (_, d) => {
    const own = onDevice(d, D, E);
    const f = own.map((i) => (E / edges) * count[i]!).reduce((a, b) => a + b, 0) / own.length;
    return scale(sum(own.map((i) => mean(gates.map((row) => row[i]!)))), f);
  });
  return scale(sum(each), alpha);
}

/** α Σ_D f'' P'': f'' = D/(M T) times the tokens that are sent to a device. */
function sendingLoss(
  alpha: number,
  experts: readonly (readonly number[])[],
  gates: readonly Vec[],
  E: number,
  D: number,
  M: number,
) {
  const each = Array.from({ length: D }, (_, d) => {
    const own = onDevice(d, D, E);
    const sent = experts.filter((row) => row.some((e) => own.includes(e))).length;
    return scale(sum(own.map((i) => mean(gates.map((row) => row[i]!)))), (D / (M * experts.length)) * sent);
  });
  return scale(sum(each), alpha);
}

/** b ← b + γ sign(mean load − load). */
const moved = (bias: readonly number[], load: readonly number[]): number[] => {
  const mean = load.reduce((a, b) => a + b, 0) / load.length;
  return bias.map((b, i) => b + 1e-3 * Math.sign(mean - load[i]!));
};

const first: Paper = (it) => {
  const [E, k] = [8, 3];
  const scores = scoresOf(it);
  const s = scores.map(softmax);
  const chosen = s.map((row) => {
    const experts = best(values(row), k);
    return { experts, weights: experts.map((e) => row[e]!) };
  });
  const record = reported(chosen, E, k);
  const experts = chosen.map((each) => each.experts);
  const losses = [balance(1e-3, record.load, s), deviceLoss(0.05, experts, s, E, 4)];
  return { ys: withShared(it, chosen, E, 2), scores, losses, ...record };
};

export const deepseekMoe: PaperCase = {
  spec: "deepseek-moe",
  set: {
    ...small("DeepSeekMoE"),
    "Mixture.experts": "8 of swiglu(hidden: 3)",
    "Mixture.shared": "2 of swiglu(hidden: 4)",
    "Mixture.router.select": "top(3) per token",
    "Mixture.router.balance[1].groups": "4",
  },
  layers: repeat(2, attend, mixture(first)),
};

/** 4 devices of 3 experts; the 2 whose best gate is largest stay; top-3 inside them. */
const second: Paper = (it) => {
  const [E, k, D, M] = [12, 3, 4, 2];
  const scores = scoresOf(it);
  const s = scores.map(softmax);
  const chosen = s.map((row) => {
    const keys = values(row);
    const stays = best(
      Array.from({ length: D }, (_, d) => Math.max(...onDevice(d, D, E).map((i) => keys[i]!))),
      M,
    );
    const left = keys.map((x, e) => (stays.includes(Math.floor(e / (E / D))) ? x : Number.NEGATIVE_INFINITY));
    const experts = best(left, k);
    return {
      experts,
      weights: scaled(
        experts.map((e) => row[e]!),
        16,
      ),
    };
  });
  const losses = [
    sequenceLoss(it, chosen, s, E, 3e-3),
    inSequences(it, chosen, s, (experts, gates) => deviceLoss(0.05, experts, gates, E, D)),
    inSequences(it, chosen, s, (experts, gates) => sendingLoss(0.02, experts, gates, E, D, M)),
  ];
  return { ys: withShared(it, chosen, E, 2), scores, losses, ...reported(chosen, E, k) };
};

export const deepseekV2: PaperCase = {
  spec: "deepseek-v2",
  set: {
    ...small("DeepSeekV2", "1 of [Dense, Sparse]"),
    "FeedForward.ffn": "swiglu(hidden: 5)",
    "Mixture.experts": "12 of swiglu(hidden: 3)",
    "Mixture.shared": "2 of swiglu(hidden: 4)",
    "Mixture.router.group": "4 keep top(2) by max",
    "Mixture.router.select": "top(3) per token",
    "Mixture.router.balance[1].groups": "4",
    "Mixture.router.balance[2]": "communication(0.02, groups: 4, kept: 2) within sequence",
  },
  layers: [
    [attend, swigluStep],
    [attend, mixture(second)],
  ],
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
