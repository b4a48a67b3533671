/**
 * Units that see one expert need no scores: their gate is 1 whatever the score says, exactly, and no gradient reaches
 * it. The rows of the others are moved together, scored by a product over that many rows, and read back in place;
 * unscored rows hold zeros. Legal only while nothing but the masked softmax and the masked choice reads the scores.
 */
import type { GraphBuilder } from "../../3-graph/builder.js";
import { lt, select } from "../../3-graph/expr-build.js";
import type { Value } from "../../3-graph/graph.js";
import type { Replace } from "../../3-graph/rewrite.js";
import { again } from "../again.js";
import { maskedScores } from "../score-readers.js";
import { defineRewrite, type Layer, type Plan } from "./rewrite.js";

export const skipKnownScores = defineRewrite({
  name: "skip-known-scores",
  doc: "Units that see one expert are not scored: only the other rows enter the router's product.",
  plan(layer) {
    const { rules, unitWord } = layer.site;
    if (rules.table === undefined) return { kind: "refused", why: "no table says which experts a token sees" };
    if (!rules.someRoutesKnown) return { kind: "refused", why: `all ${unitWord} see several experts` };
    if (rules.legalPerUnit === 1) return { kind: "refused", why: `all ${unitWord} see one expert: nothing is scored` };
    return planned(layer, rules.table);
  },
});

function planned(layer: Layer, table: string): Plan {
  const { site } = layer;
  const scores = maskedScores(layer, table);
  if (typeof scores === "string") return { kind: "refused", why: scores };
  return {
    kind: "possible",
    why: `${percent(site.knownShare)} of ${site.unitWord} see one expert: ${site.because("someRoutesKnown").join(", ")}`,
    gain: gainOf(layer),
    replace: new Map([[scores.product, scoreUnknown(scores.legal, 1 - site.knownShare)]]),
  };
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

/**
 * Saved: three products of the rows left out. Paid: a sort, and scores and their gradients read by index. Measured
 * with one thread, 4 096 units of width 256, 20 % of them known: 0.2 ms won of 17.5 ms with 16 experts (estimate
 * 0.15), 0.2 of 19.3 ms with 64 (estimate 0.2).
 */
function gainOf({ site, profile }: Layer): number {
  const { units, experts, width, knownShare } = site;
  const { flops, bytes, threads, launch, tileColumns } = profile;
  const saved = (3 * 2 * knownShare * units * Math.max(experts, tileColumns) * width) / (flops * threads);
  const moved = (2 * 4 * units * experts) / (bytes * threads);
  return saved - moved - EXTRA_LAUNCHES * launch;
}

/** The sort, and the softmax that no longer rides in the product's epilogue, forward and backward. */
const EXTRA_LAUNCHES = 3;

const scoreUnknown =
  (legal: Value, filled: number): Replace =>
  (g, { op, outputs }, [x, weight]) => {
    if (op.kind !== "contract") return undefined;
    const one = { name: "G", size: 1 };
    const units = outputs[0]!.axes[0]!;
    const run = { name: "R", size: units.size };
    const { offsets, rows, slots } = g.within({ role: "router.unknown" }, () =>
      g.partition(unknown(g, legal), one, run, filled),
    );
    const left = g.take(x!, rows, { inverse: slots });
    const right = g.view(weight!, [one, ...weight!.axes]);
    const group = { rows: rows.axes[0]!.name, experts: one.name };
    const scores = g.contract(left, right, op.over, { group, offsets });
    const back = g.take(scores, slots, { inverse: rows });
    return [g.view(back, [units, ...outputs[0]!.axes.slice(1)])];
  };

/** [U] i32: 0 for units that see several experts, −1 for the others. */
function unknown(g: GraphBuilder, legal: Value): Value {
  const seen = again(g, legal);
  const count = g.reduce(
    "sum",
    g.map([seen], (one) => one),
    [seen.axes.at(-1)!.name],
  );
  return g.map([count], (n) => select(lt(1, n), 0, -1), { dtype: "i32" });
}
