/**
 * StableMoE, arXiv 2204.08396. Stage 1: a = argmax x·E_i, y = σ(x·E_a) FFN_a(x), losses
 * 0.3 · Σ_i (n_i − n̄)/n̄ · Σ_{t in A_i} σ(x_t·E_i) and 0.3 · cross-entropy of the student against a; both means over
 * tokens. Stage 2: a is the student's choice, a function of the token id.
 */
import { best, counts, mean, part, reluNetwork, softmax, times, values } from "../equations.js";
import { mixed, reported, served } from "../routing.js";
import { log, scale, sigmoid } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small } from "./paper.js";

const E = 4;

const paper =
  (stage: 1 | 2): Paper =>
  ({ xs, ids, weight }) => {
    const scores = xs.map((x) => times(weight("router.weight"), x));
    const gates = scores.map((z) => z.map(sigmoid));
    const words = weight("router.1.embedding.weight");
    const student = ids.map((id) => times(weight("router.1.weight"), part(words, id, words.length / 3)));
    const chosen = gates.map((row, t) => {
      const [a] = best(values(stage === 1 ? scores[t]! : student[t]!), 1);
      return { experts: [a!], weights: [row[a!]!] };
    });
    const assigned = chosen.map(({ experts }) => experts[0]!);
    const n = counts([assigned], E);
    const average = xs.length / E;
    const balance = mean(assigned.map((a, t) => scale(gates[t]![a]!, (n[a]! - average) / average)));
    const distill = mean(assigned.map((a, t) => scale(log(softmax(student[t]!)[a]!), -1)));
    const kept = served(chosen, E, Math.ceil((2 * xs.length) / E));
    const ys = mixed(xs, kept, (e, x) =>
      reluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
    );
    const losses = stage === 1 ? [scale(balance, 0.3), scale(distill, 0.3)] : [];
    return { ys, scores, losses, ...reported(chosen, E, 1, kept) };
  };

export const stableMoe: PaperCase = {
  spec: "stable-moe",
  set: {
    ...small("StableMoE"),
    "Mixture.experts": "4 of relu(hidden: 5)",
    "Mixture.router.score[1]": "embedding(dim: 3) as student",
  },
  layers: repeat(2, attend, mixture(paper(1))),
};

export const stableMoeLater: PaperCase = { ...stableMoe, step: 30, layers: repeat(2, attend, mixture(paper(2))) };
