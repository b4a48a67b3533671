/**
 * MoE++, arXiv 2410.07348: zⁱ = W x + W_g zⁱ⁻¹; experts are networks, then zero, copy and constants a x + b v with
 * (a, b) = softmax(W_c x); L = Σ η f P with η = τ for experts that compute nothing; room γ τ k T / (τ N_F + N_Z) for
 * networks and γ k T / (τ N_F + N_Z) for the others.
 */
import { balance, best, part, plus, softmax, times, total, values, weighted } from "../equations.js";
import { mixed, reported, served } from "../routing.js";
import type { Vec } from "../tape.js";
import { attend, type LayerInput, mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const [networks, E, k, tau] = [3, 7, 2, 0.75];

/** By number: networks, zero, copy, two constants. */
const expertOf = (it: LayerInput) => {
  const network = swigluExpert(it, networks, undefined, "experts.0");
  return (e: number, x: Vec): Vec => {
    if (e < networks) return network(e, x);
    if (e === networks) return total([], x.length);
    if (e === networks + 1) return x;
    const [vectors, mixes] = [it.weight("experts.3.vector.weight"), it.weight("experts.3.mix.weight")];
    const [a, b] = softmax(times(part(mixes, e - networks - 2, 2), x));
    return plus(weighted(x, a!), weighted(part(vectors, e - networks - 2, 2), b!));
  };
};

const paper: Paper = (it) => {
  const { xs, weight, before } = it;
  const scores = xs.map((x, t) => {
    const z = times(weight("router.weight"), x);
    return before ? plus(z, times(weight("router.1.weight"), before.scores![t]!)) : z;
  });
  const p = scores.map(softmax);
  const chosen = p.map((row) => {
    const experts = best(values(row), k);
    return { experts, weights: experts.map((e) => row[e]!) };
  });
  const room = (1.1 * k * xs.length) / (tau * networks + E - networks);
  const kept = served(chosen, E, (e) => Math.ceil(e < networks ? tau * room : room));
  const record = reported(chosen, E, k, kept);
  const all = record.load.reduce((a, b) => a + b, 0);
  const counted = record.load.map((n, e) => (e < networks ? n : tau * n));
  return { ys: mixed(xs, kept, expertOf(it)), scores, losses: [balance(0.01, counted, p, all)], ...record };
};

export const moePlusPlus: PaperCase = {
  spec: "moe-plus-plus",
  set: { ...small("MoEPlusPlus", "3 of Layer"), "Mixture.experts[0]": "3 of swiglu(hidden: 3)" },
  layers: repeat(3, attend, mixture(paper)),
};
