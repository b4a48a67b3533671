/**
 * LongCat-Flash, arXiv 2509.01322 and public code: R = softmax(z), select on R + b, weight R · 6; the last experts give
 * back x. b moves by μ · (K_e/(K N) − share of all edges) for real experts. The loss is α Σ_j f_j P_j over D groups of real
 * experts, f_j = D/(K_e T) · edges of the group, and the group of the others, f = edges/((K − K_e) T); P_j is the mean over
 * tokens of the group's R. h ← attention, m = MoE(norm h), then feed-forward, attention, feed-forward, and m is added at
 * the end.
 */
import { best, mean, scaled, softmax, sum, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { type Num, scale, type Vec } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert, swigluStep } from "./paper.js";

const [real, copies, k, D] = [6, 3, 4, 3];

function groupLoss(r: readonly Vec[], load: readonly number[]): Num {
  const [T, wanted] = [r.length, (k * 8) / 12];
  const all = Array.from({ length: real + copies }, (_, e) => e);
  const groups = Array.from({ length: D }, (_, j) => all.slice((j * real) / D, ((j + 1) * real) / D));
  const each = [...groups, all.slice(real)].map((group, j) => {
    const edges = group.reduce((n, e) => n + load[e]!, 0);
    const f = j < D ? (D / (wanted * T)) * edges : edges / ((k - wanted) * T);
    return scale(sum(group.map((e) => mean(r.map((row) => row[e]!)))), f);
  });
  return scale(sum(each), 1e-3);
}

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const r = scores.map(softmax);
  const bias = it.state("router.load_bias");
  const chosen = r.map((row) => {
    const experts = best(
      values(row).map((x, e) => x + bias[e]!),
      k,
    );
    return {
      experts,
      weights: scaled(
        experts.map((e) => row[e]!),
        6,
      ),
    };
  });
  const record = reported(chosen, real + copies, k);
  const expert = swigluExpert(it, real, undefined, "experts.0");
  const ys = mixed(it.xs, chosen, (e, x) => (e < real ? expert(e, x) : x));
  const all = it.xs.length * k;
  const moved = bias.map((b, e) => (e < real ? b + 1e-3 * (8 / 12 / real - record.load[e]! / all) : b));
  return { ys, scores, losses: [groupLoss(r, record.load)], states: { "router.load_bias": moved }, ...record };
};

export const longcat: PaperCase = {
  spec: "longcat",
  set: {
    ...small("LongCat", "1 of Layer"),
    "FeedForward.ffn": "swiglu(hidden: 5)",
    "Mixture.experts[0]": "6 of swiglu(hidden: 3)",
    "Mixture.experts[1]": "3 of copy",
    "Mixture.router.select": "top(4) per token",
    "Mixture.router.balance.groups": "3",
  },
  layers: repeat(
    1,
    attend,
    swigluStep,
    { ...attend, name: "second" },
    { ...swigluStep, name: "last" },
    { ...mixture(paper), reads: { back: 0, after: "attend" } },
  ),
};
