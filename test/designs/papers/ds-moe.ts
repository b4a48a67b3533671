/**
 * Dense training, sparse inference, arXiv 2404.05567: Σ over all experts while training, over the K best while
 * inferring, both with softmax weights that are not renormalised; loss α · ( −H(e) + mean H(e | x) ). Experts are
 * feed-forward networks, and in attention a few query heads each with the keys and values of all.
 */
import { best, geluNetwork, mean, part, softmax, sum, times, values } from "../equations.js";
import { type Edges, mixed, reported } from "../routing.js";
import { log, mul, scale, sub, type Vec } from "../tape.js";
import { mixedHeads } from "./moa.js";
import { type LayerInput, mixture, type Paper, type PaperCase, repeat, type Step, small } from "./paper.js";

const [E, H] = [5, 3];

const entropy = (p: Vec) => scale(sum(p.map((x) => mul(x, log(x)))), -1);

type Experts = (it: LayerInput, chosen: readonly Edges[]) => Vec[];

/** All n experts with k = n, in the order of their numbers; else the k best. */
const paper =
  (n: number, k: number, alpha: number, experts: Experts): Paper =>
  (it) => {
    const scores = it.xs.map((x) => times(it.weight("router.weight"), x));
    const p = scores.map(softmax);
    const chosen = p.map((row) => {
      const named = k === n ? row.map((_, e) => e) : best(values(row), k);
      return { experts: named, weights: named.map((e) => row[e]!) };
    });
    const together = Array.from({ length: n }, (_, e) => mean(p.map((row) => row[e]!)));
    const loss = scale(sub(mean(p.map(entropy)), entropy(together)), alpha);
    return { ys: experts(it, chosen), scores, losses: [loss], ...reported(chosen, n, k) };
  };

const networks: Experts = ({ xs, weight }, chosen) =>
  mixed(xs, chosen, (e, x) =>
    geluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
  );

const layer = (heads: number, k: number): Step[] => [
  mixture(
    paper(H, heads, 3.5e-4, (it, chosen) => mixedHeads(it, chosen, H, { heads: 2 })),
    "attend",
  ),
  mixture(paper(E, k, 6.3e-4, networks)),
];

const { "Attend.heads": _, ...sizes } = small("DSMoE");

export const dsMoe: PaperCase = {
  spec: "ds-moe",
  set: {
    ...sizes,
    "Heads.head_dim": "4",
    "Attend.experts": "3 of attention(Heads)",
    "Attend.router.select[1]": "top(2) per token while inferring",
    "Mixture.experts": "5 of gelu(hidden: 4)",
    "Mixture.router.select[1]": "top(2) per token while inferring",
  },
  layers: repeat(2, ...layer(H, E)),
  inferring: repeat(2, ...layer(2, 2)),
};
