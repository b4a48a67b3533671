/**
 * LongCat-Flash, arXiv 2509.01322 and public code: R = softmax(z), select on R + b, weight R · 6; the last experts give
 * back x. b moves by μ · (K_e/(K N) − share of all edges) for real experts. h ← attention, m = MoE(norm h), then
 * feed-forward, attention, feed-forward, and m is added at the end.
 */
import { best, scaled, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert, swigluStep } from "./paper.js";

const [real, copies, k] = [6, 3, 4];

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
  return { ys, scores, losses: [], states: { "router.load_bias": moved }, ...record };
};

export const longcat: PaperCase = {
  spec: "longcat",
  set: {
    ...small("LongCat", "1 of Layer"),
    "FeedForward.ffn": "swiglu(hidden: 5)",
    "Mixture.experts[0]": "6 of swiglu(hidden: 3)",
    "Mixture.experts[1]": "3 of copy",
    "Mixture.router.select": "top(4) per token",
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
