/** MaskMoE, arXiv 2407.09816: r = softmax(W h + m) with m = −∞ for the experts that the token id does not see. */
import { balance, best, softmax, times, values } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { num } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, swigluExpert } from "./paper.js";

const E = 5;
const sees = (id: number, layer: number): number[] => (id % 3 === 0 ? [0, 2, 3] : [(id + layer) % 4]);

/** With more choices than visible experts the places left stay empty. */
const paper =
  (k: number): Paper =>
  (it) => {
    const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
    const r = scores.map((z, t) => {
      const visible = sees(it.ids[t]!, it.layer);
      const among = softmax(visible.map((e) => z[e]!));
      return z.map((_, e) => (visible.includes(e) ? among[visible.indexOf(e)]! : num(0)));
    });
    const chosen = r.map((row, t) => {
      const keys = values(row).map((x, e) => (sees(it.ids[t]!, it.layer).includes(e) ? x : Number.NEGATIVE_INFINITY));
      const experts = best(keys, k);
      return { experts, weights: experts.map((e) => row[e]!) };
    });
    const record = reported(chosen, E, k);
    return {
      ys: mixed(it.xs, chosen, swigluExpert(it, E)),
      scores,
      losses: [balance(0.01, record.load, r)],
      ...record,
    };
  };

export const maskMoe: PaperCase = {
  spec: "mask-moe",
  set: { ...small("MaskMoE"), "Mixture.experts": "5 of swiglu(hidden: 3)" },
  layers: repeat(2, attend, mixture(paper(1))),
  sees,
};

export const maskMoeTwo: PaperCase = {
  ...maskMoe,
  set: { ...maskMoe.set, "Mixture.router.select": "top(2) per token" },
  layers: repeat(2, attend, mixture(paper(2))),
};
