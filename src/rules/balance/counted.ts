/** What losses count: edges of every unit to every expert, and sums over the units of a step or of a sequence. Not a rule. */
import type { Value } from "../../3-graph/graph.js";
import { clause, value, word } from "../../words/params.js";
import type { RouterSite } from "../build.js";

/** Which units are added up: all of the step, or those of each sequence on their own. */
export const withinClause = clause(
  "within",
  value(
    word("within", ["batch", "sequence"], "which units are counted together", {
      default: "batch",
      why: "one step is one batch",
    }),
  ),
  "which units are counted together",
);

/** How many edges a unit has to an expert [U, E]. */
export function chosenOf({ g, experts }: RouterSite, edges: Value): Value {
  const k = edges.axes.at(-1)!.name;
  return g.spread(
    g.map([1], (one) => one, { axes: edges.axes }),
    edges,
    { axis: experts, over: k },
  );
}

/** Sums over units of x [U, n] as [B, n], where B counts the sequences, or is 1 for the whole step. */
export function overUnits(
  { g, units, unitsPerSequence }: RouterSite,
  x: Value,
  within: "batch" | "sequence" | undefined,
): Value {
  const size = within === "sequence" ? unitsPerSequence : units.size;
  const [B, SU] = [
    { name: "B", size: units.size / size },
    { name: "SU", size },
  ];
  return g.reduce("sum", g.view(x, [B, SU, x.axes.at(-1)!]), [SU.name]);
}
