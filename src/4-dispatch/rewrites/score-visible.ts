/**
 * Units see few of many experts: only the rows of the router's matrix that belong to those are read and multiplied, by
 * the numbers that stand in the table's row. Other experts get the score 0, which nobody reads: their gate is 0 and
 * they cannot be chosen. Legal only while nothing but the masked softmax and the masked choice reads the scores.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import type { Value } from "../../3-graph/graph.js";
import type { Replace } from "../../3-graph/rewrite.js";
import { again } from "../again.js";
import { tableRow } from "../router-view.js";
import { maskedScores } from "../score-readers.js";
import { defineRewrite, type Layer, type Plan } from "./rewrite.js";

export const scoreVisible = defineRewrite({
  name: "score-visible",
  doc: "Only the experts that a unit may see are scored.",
  plan(layer) {
    const { rules, unitWord, experts } = layer.site;
    if (rules.table === undefined) return { kind: "refused", why: "no table says which experts a token sees" };
    if (rules.legalPerUnit === undefined || rules.legalPerUnit >= experts)
      return { kind: "refused", why: `some ${unitWord} see every expert` };
    if (rules.legalPerUnit === 1) return { kind: "refused", why: `all ${unitWord} see one expert: nothing is scored` };
    return planned(layer, rules.table, rules.legalPerUnit);
  },
});

function planned(layer: Layer, table: string, most: number): Plan {
  const scores = maskedScores(layer, table);
  if (typeof scores === "string") return { kind: "refused", why: scores };
  const { site } = layer;
  return {
    kind: "possible",
    why: `${most} of ${site.experts} scores: ${site.because("legalPerUnit").join(", ")}`,
    gain: gainOf(layer, most),
    replace: new Map([[scores.product, scoreSeen(scores.legal, most)]]),
  };
}

/** Saved: the products with all experts, forward and for x. Paid: rows of the matrix read per unit, without tiles. */
function gainOf({ site, profile }: Layer, most: number): number {
  const { units, experts, width } = site;
  const { flops, bytes, threads, launch, tileColumns, gatherSlowdown } = profile;
  const rate = flops * threads;
  const saved = (2 * 2 * units * Math.max(experts, tileColumns) * width) / rate;
  const gathered = (2 * 2 * units * most * width * gatherSlowdown) / rate;
  const spread = (2 * 4 * units * (experts + most)) / (bytes * threads);
  return saved - gathered - spread - EXTRA_LAUNCHES * launch;
}

/** Scores and their gradients by index, apart from the softmax. */
const EXTRA_LAUNCHES = 2;

const scoreSeen =
  (legal: Value, most: number): Replace =>
  (g, { op, outputs }, [x, weight]) => {
    if (op.kind !== "contract") return undefined;
    const seen = g.within({ role: "router.seen" }, () => seenExperts(g, legal, most));
    const [units, experts] = outputs[0]!.axes;
    const scores = g.contract(x!, g.take(weight!, seen), op.over, { axes: seen.axes });
    return [g.spread(scores, seen, { axis: experts!, over: "L", axes: [units!, experts!] })];
  };

/** [U, L] i32: the experts that each unit sees, −1 where it sees fewer. */
function seenExperts(g: GraphBuilder, legal: Value, most: number): Value {
  const { table, ids } = tableRow(legal)!;
  const [vocab] = table.axes;
  const { name, source } = table.node.op as { name: string; source: { table: string; layer: number } };
  const rows = { kind: "table" as const, table: source.table, layer: source.layer, form: "experts" as const };
  const experts = g.data(`${name}.experts`, rows, [vocab!, { name: "L", size: most }], "i32");
  return g.take(experts, again(g, ids));
}
