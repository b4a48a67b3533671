/**
 * Units see few of many experts: only the rows of the router's matrix that belong to those are read and multiplied, by
 * the numbers that stand in the table's row. Other experts get the score 0, which nobody reads: their gate is 0 and
 * they cannot be chosen. Units that see one expert are not scored at all: their gate is 1 whatever the score says, and
 * no gradient reaches it. Legal only while nothing but the masked softmax and the masked choice reads the scores.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import type { TableForm, Value } from "../../3-graph/graph.js";
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
    why: `${most} of ${site.experts} scores${noneOf(site)}: ${site.because("legalPerUnit").join(", ")}`,
    gain: gainOf(layer, most),
    replace: new Map([
      [scores.product, scoreSeen(scores.legal, most, site.rules.someRoutesKnown ? "choices" : "experts")],
    ]),
  };
}

const noneOf = ({ knownShare, unitWord }: Layer["site"]): string =>
  knownShare > 0 ? `, none for ${Number((knownShare * 100).toFixed(1))} % of ${unitWord}` : "";

/**
 * Saved: the products with all experts, for the scores, for x and for the matrix. Paid: the same with the few that are
 * seen, row by row, and scores put in their places.
 */
function gainOf({ site, profile }: Layer, most: number): number {
  const { units, experts, width, knownShare } = site;
  const { flops, bytes, threads, tileColumns, rowSlowdown } = profile;
  const product = (columns: number) => (3 * 2 * units * columns * width) / (flops * threads);
  const seen = (1 - knownShare) * most * rowSlowdown;
  const spread = (2 * 4 * units * (experts + most)) / (bytes * threads);
  return product(Math.max(experts, tileColumns)) - product(seen) - spread;
}

const scoreSeen =
  (legal: Value, most: number, form: TableForm): Replace =>
  (g, { op, outputs }, [x, weight]) => {
    if (op.kind !== "contract") return undefined;
    const seen = g.within({ role: "router.seen" }, () => seenExperts(g, legal, most, form));
    const [units, experts] = outputs[0]!.axes;
    const scores = g.contract(x!, g.take(weight!, seen), op.over, { axes: seen.axes });
    return [g.spread(scores, seen, { axis: experts!, over: "L", axes: [units!, experts!] })];
  };

/** [U, L] i32: the experts that each unit sees, −1 where it sees fewer, and where it has no choice. */
function seenExperts(g: GraphBuilder, legal: Value, most: number, form: TableForm): Value {
  const { table, ids } = tableRow(legal)!;
  const [vocab] = table.axes;
  const { name, source } = table.node.op as { name: string; source: { table: string; layer: number } };
  const rows = { kind: "table" as const, table: source.table, layer: source.layer, form };
  const experts = g.data(`${name}.${form}`, rows, [vocab!, { name: "L", size: most }], "i32");
  return g.take(experts, again(g, ids));
}
