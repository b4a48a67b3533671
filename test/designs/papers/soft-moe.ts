/**
 * Soft MoE, arXiv 2308.00951: with scores l2(X) · scale · l2(Φ), D is their softmax over the tokens of a sequence and C
 * that over slots; slots are DᵀX, and Y = C E(slots).
 */
import { geluNetwork, part, softmax, total, values, weighted } from "../equations.js";
import { div, dot, mul, sqrt, type Vec } from "../tape.js";
import { attend, mixture, type Paper, type PaperCase, repeat, small, width } from "./paper.js";

const [E, p] = [3, 2];

const lengthOne = (x: Vec): Vec => x.map((v) => div(v, sqrt(dot(x, x))));

const paper: Paper = ({ xs, weight, sequence }) => {
  const phi = weight("router.weight");
  const rows = Array.from({ length: E * p }, (_, slot) => lengthOne(part(phi, slot, E * p)));
  const scores = xs.map((x) => rows.map((row) => mul(weight("router.scale")[0]!, dot(row, lengthOne(x)))));
  const shares = scores.map(softmax);
  const expert = (slot: number, x: Vec): Vec => {
    const e = Math.floor(slot / p);
    return geluNetwork(part(weight("experts.up.weight"), e, E), part(weight("experts.down.weight"), e, E), x);
  };
  const ys = Array.from({ length: xs.length / sequence }, (_, i) => i * sequence).flatMap((from) => {
    const inside = xs.slice(from, from + sequence);
    const given = Array.from({ length: E * p }, (_, slot) => {
      const d = softmax(scores.slice(from, from + sequence).map((z) => z[slot]!));
      return expert(
        slot,
        total(
          inside.map((x, t) => weighted(x, d[t]!)),
          width,
        ),
      );
    });
    return inside.map((_, t) =>
      total(
        given.map((y, slot) => weighted(y, shares[from + t]![slot]!)),
        width,
      ),
    );
  });
  const experts = Array.from({ length: E }, (_, e) => e);
  return {
    ys,
    losses: [],
    scores,
    // every token is with every expert, as much as it reads of the expert's slots
    load: experts.map(() => xs.length),
    dropped: 0,
    experts: xs.map(() => experts),
    weights: shares.map((row) => experts.map((e) => values(part(row, e, E)).reduce((a, b) => a + b, 0))),
  };
};

export const softMoe: PaperCase = {
  spec: "soft-moe",
  set: { ...small("SoftMoE"), "Mixture.experts": "3 of gelu(hidden: 4) with slots(2)" },
  // a slot of length 0 has no direction
  without: ["tied"],
  layers: repeat(2, attend, mixture(paper)),
};
