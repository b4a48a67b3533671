/**
 * The weight of an edge multiplies the hidden numbers of its row, in the tile that makes them, and not what the row
 * gives: the last matrix is linear, so that both are the same. The way back is then a plain sum of rows, and the
 * gradient of a weight comes from hidden numbers: rows are not read again for it, nor written once more with their
 * weight. Worth it where experts are narrower than the units. Legal while every matrix group ends in a matrix alone.
 */
import type { Replace } from "../../3-graph/rewrite.js";
import { expectedEdges } from "../cost.js";
import type { SiteFacts } from "../facts.js";
import { reachesWeights } from "../readers.js";
import { defineRewrite, type Layer } from "./rewrite.js";

export const weighInside = defineRewrite({
  name: "weigh-inside",
  doc: "Weights multiply the hidden numbers of an expert instead of its result.",
  plan(layer) {
    const { op, inputs } = layer.node;
    const against = refusal(layer.site);
    if (against !== undefined) return { kind: "refused", why: against };
    if (!reachesWeights(inputs[2]!)) return { kind: "refused", why: "nothing learns the weights of edges" };
    const replace: Replace = (g, { outputs }, now) =>
      op.kind === "experts" ? g.add({ ...op, weightInside: true }, now, outputs) : undefined;
    return { kind: "possible", why: whyOf(layer.site), gain: gainOf(layer), replace: new Map([[layer.node, replace]]) };
  },
});

function refusal({ groups, rules }: SiteFacts): string | undefined {
  if (rules.weightOnInput) return "weights multiply what goes into an expert";
  const working = groups.filter(({ folded }) => !folded);
  if (working.length === 0) return "no expert has a matrix";
  const odd = working.find(({ endsInMatrix }) => !endsInMatrix);
  return odd && `what ${odd.kind} experts add after their last matrix has to be multiplied as well`;
}

const widest = ({ groups }: SiteFacts): number => Math.max(...groups.map(({ hidden }) => hidden));

const whyOf = (site: SiteFacts): string => `hidden ${widest(site)}, width ${site.width}`;

/**
 * Saved: rows read for the gradient of the weight, and the gradient of a unit, which two products then read once and
 * not once for each of its edges. Paid: the gradient of the hidden numbers written, and read with both that they came
 * from, whose own gradients no longer ride in a tile; two passes over the edges. Measured: 0.9 of the mixture's time
 * with 6 edges and F = C / 8; no gain with one edge and F = C / 4, nor with 4 edges and F = C. Programs that only go
 * forward follow the training step, with which they share kernels.
 */
function gainOf({ site, profile }: Layer): number {
  const { bytes, threads, launch } = profile;
  const again = 2 * (1 - 1 / site.edgesPerUnit);
  const saved = 4 * expectedEdges(site) * ((1 + again) * site.width - 6 * widest(site));
  return saved / (bytes * threads) - 2 * launch;
}
