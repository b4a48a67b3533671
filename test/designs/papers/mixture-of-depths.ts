/**
 * Mixture-of-Depths, arXiv 2404.02258: the C tokens of a sequence with the largest score go through a block that sees
 * them alone, x ← x + (w·x) (Block(x) − x); the others stay. A predictor learns by binary cross-entropy who was chosen.
 */
import { best, mean, plus, rmsNorm, softplus, swiglu, times, total, values, weighted } from "../equations.js";
import { attentionOf, type Place } from "../language-model.js";
import { add, dot, mul, num, sub, type Vec } from "../tape.js";
import { attend, type LayerInput, mixture, type Paper, type PaperCase, type Step, small, swigluStep } from "./paper.js";

const share = 0.5;

/** Block(x) − x for tokens at their places in the sequences. */
function added({ weight }: LayerInput, xs: readonly Vec[], places: readonly Place[]): Vec[] {
  const own = (part: string) => (name: string) => weight(`experts.${part}.${name}`);
  const [attention, network] = [own("attend"), own("feedforward")];
  const first = attentionOf(
    { heads: 2 },
    attention,
    xs.map((x) => rmsNorm(attention("norm.weight"), x)),
    places,
  );
  return xs.map((x, t) => {
    const h = rmsNorm(network("norm.weight"), plus(x, first[t]!));
    return plus(first[t]!, swiglu(network("gate.weight"), network("up.weight"), network("down.weight"), h));
  });
}

const paper: Paper = (it) => {
  const { xs, weight, sequence } = it;
  const scores = xs.map((x) => times(weight("router.weight"), x));
  const gates = scores.map((z) => z[0]!);
  const starts = Array.from({ length: xs.length / sequence }, (_, i) => i * sequence);
  const chosen = starts.flatMap((from) =>
    best(values(gates.slice(from, from + sequence)), Math.ceil(share * sequence))
      .map((t) => from + t)
      .sort((a, b) => a - b),
  );
  const places = chosen.map((t) => ({ sequence: Math.floor(t / sequence), position: t % sequence }));
  const more = added(
    it,
    chosen.map((t) => xs[t]!),
    places,
  );
  const ys = xs.map((x, t) => {
    const i = chosen.indexOf(t);
    return i < 0 ? total([], x.length) : weighted(more[i]!, gates[t]!);
  });
  const surprise = xs.map((x, t) => {
    // it learns from the tokens and does not move them
    const still = x.map((v) => num(v.value));
    const said = add(dot(weight("router.predictor.weight"), still), weight("router.predictor.bias")[0]!);
    return sub(softplus(said), mul(num(Number(chosen.includes(t))), said));
  });
  return {
    ys,
    scores,
    losses: [mean(surprise)],
    load: [chosen.length],
    dropped: 0,
    experts: xs.map((_, t) => [chosen.includes(t) ? 0 : -1]),
    weights: gates.map((g, t) => [chosen.includes(t) ? g.value : 0]),
  };
};

const routed: Step = { ...mixture(paper, "depth"), norm: "none" };

export const mixtureOfDepths: PaperCase = {
  spec: "mixture-of-depths",
  set: {
    ...small("MixtureOfDepths", "1 of [Layer, Routed]"),
    "FeedForward.ffn": "swiglu(hidden: 5)",
    "Depth.router.select": "top(50%) per sequence",
  },
  layers: [[attend, swigluStep], [routed]],
};
