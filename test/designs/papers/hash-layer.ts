/** Hash layers, arXiv 2106.04426: y = E_i(x) with i from a table of token ids. */
import { part, reluNetwork } from "../equations.js";
import { mixed, reported } from "../routing.js";
import { num } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small } from "./paper.js";

const E = 4;
// one expert is nobody's
const expertOf = (id: number, layer: number): number => [0, 1, 3][(id * 5 + layer) % 3]!;

const paper: Paper = ({ xs, ids, weight, layer }) => {
  const chosen = ids.map((id) => ({ experts: [expertOf(id, layer)], weights: [num(1)] }));
  const ys = mixed(xs, chosen, (e, x) =>
    reluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x),
  );
  return { ys, losses: [], ...reported(chosen, E, 1) };
};

export const hashLayer: PaperCase = {
  spec: "hash-layer",
  set: { ...small("HashLayer"), "Mixture.experts": "4 of relu(hidden: 5)" },
  layers: repeat(2, attend, mixture(paper)),
  sees: (id, layer) => [expertOf(id, layer)],
};
