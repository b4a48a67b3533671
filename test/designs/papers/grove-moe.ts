/**
 * Grove MoE, public code (inclusionAI/GroveMoE): y = Σ wᵢ Eᵢ(x) + 0.05 Σ wᵢ A⌊i/2⌋(x) over the top-k of σ(z), with w the
 * softmax of z renormalised over the chosen.
 */
import { balance, best, normalised, plus, scaled, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { sigmoid } from "../tape.js";
import { mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const [E, groups, k] = [6, 3, 4];

const paper: Paper = (it) => {
  const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
  const p = scores.map(softmax);
  const chosen = p.map((row, t) => {
    const experts = best(values(scores[t]!.map(sigmoid)), k);
    return { experts, weights: normalised(experts.map((e) => row[e]!)) };
  });
  const own = mixed(it.xs, chosen, swigluExpert(it, E));
  const adjugate = swigluExpert(it, groups, undefined, "adjugate");
  const ofGroups = mixed(it.xs, chosen, (e, x) => adjugate(Math.floor(e / 2), x));
  const ys = own.map((y, t) => plus(y, scaled(ofGroups[t]!, 0.05)));
  const record = reported(chosen, E, k);
  return { ys, scores, losses: [balance(1e-3, record.load, p)], ...record };
};

export const groveMoe: PaperCase = {
  spec: "grove-moe",
  set: {
    ...small("GroveMoE"),
    "Attend.kv_heads": "1",
    "Mixture.experts": "6 of swiglu(hidden: 3)",
    "Mixture.adjugate": "3 of swiglu(hidden: 2) scaled(0.05)",
    "Mixture.router.select": "top(4) per token",
  },
  layers: repeat(2, { name: "attend", attention: { heads: 2, kvHeads: 1 } }, mixture(paper)),
};
