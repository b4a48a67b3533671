/** Gives every expert the same number of units, so that the sum of the chosen scores is largest. */
import type { Axis, Value } from "../../3-graph/graph.js";
import { clause, count, number, value, word } from "../../words/params.js";
import type { RouterSite, RouterState } from "../build.js";
import { choiceKey } from "../meaning.js";
import { defineRule } from "../rule.js";
import { sinkhornKeys } from "./sinkhorn.js";

/** Scores, not gates: what is added up over units must not depend on their other experts. [U, E] */
const scoresOf = (site: RouterSite, state: RouterState): Value => choiceKey(site, { ...state, gate: undefined });

/** The axes of one problem behind those that count problems: units of the batch, or of each sequence. */
function among({ units, unitsPerSequence }: RouterSite, per: unknown): readonly Axis[] {
  if (per !== "sequence") return [units];
  return [
    { name: "B", size: units.size / unitsPerSequence },
    { name: "S", size: unitsPerSequence },
  ];
}

export const balanced = defineRule({
  slot: "select",
  name: "balanced",
  doc: "Gives every expert the same number of units, so that the sum of the chosen scores is largest.",
  example: "select balanced per batch",
  params: [
    word(
      "by",
      ["assignment", "sinkhorn"],
      "exactly even by the best assignment, or nearly even by Sinkhorn's scaling",
      {
        default: "assignment",
        why: "as in BASE layers",
      },
    ),
    count("rounds", "how often Sinkhorn's scaling goes over units and experts", {
      min: 1,
      default: 16,
      why: "enough for a tenth of the spread",
    }),
    number(
      "temperature",
      "what scores are divided by for Sinkhorn's scaling: 1 in Megatron-Core, which is far from even while scores are nearly equal; a tenth of their spread unless written",
      { min: 0, above: true, optional: true },
    ),
  ],
  clauses: [
    clause(
      "per",
      value(
        word("per", ["batch", "sequence"], "among which units", { default: "batch", why: "one step is one batch" }),
      ),
      "among which units",
    ),
  ],
  needs: ["scores"],
  looksAhead: () => true,
  facts: ({ by }) => ({
    edgesPerUnit: 1,
    exactEdges: true,
    ...(by !== "sinkhorn" && { rowsPerExpert: { capacity: 1 } }),
  }),
  build(site, state, { by, per, rounds, temperature }) {
    const { g, units, experts } = site;
    const axes = among(site, per);
    const K = { name: "K", size: 1 };
    return g.within({ role: "router.select" }, () => {
      if (by === "sinkhorn") {
        const scores = g.view(scoresOf(site, state), [...axes, experts]);
        const cold = temperature === undefined ? undefined : Number(temperature);
        const key = g.view(sinkhornKeys(g, scores, axes.at(-1)!, Number(rounds), cold), [units, experts]);
        return { ...state, edges: g.topK(g.stop(key), 1) };
      }
      const expert = g.assign(g.view(scoresOf(site, state), [...axes, experts]));
      const problems = units.size / axes.at(-1)!.size;
      // experts that some units may not see can leave no even choice
      const anywhere = state.legal === undefined && !state.inGroups;
      const room = anywhere ? problems * Math.ceil(axes.at(-1)!.size / experts.size) : undefined;
      return { ...state, edges: g.view(expert, [units, K]), ...(room !== undefined && { room }) };
    });
  },
});
