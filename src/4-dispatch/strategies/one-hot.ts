/**
 * Every unit through every expert, then weights that are 0 for all but the chosen ones. E/k times the work of the
 * others: it is the oracle that they are compared with, and the best choice where nearly all experts are chosen.
 */
import { matrixExperts, matrixGroupCount, productFlops, rowBytes } from "../cost.js";
import { sumOf } from "../site.js";
import { defineStrategy } from "../strategy.js";
import { denseGroup } from "./dense-group.js";

export const oneHot = defineStrategy({
  name: "one-hot",
  doc: "Every unit goes through every expert, and weights of 0 hide what was not chosen.",
  refusal: () => undefined,
  work: (site) => {
    const rows = site.units * matrixExperts(site);
    return {
      flops: productFlops(site, rows),
      // the weights of the edges are spread over all experts, and their gradients gathered
      bytes: rowBytes(site, rows) + 8 * rows,
      launches: (site.forwardOnly ? 4 : 7) * matrixGroupCount(site),
      because: `${rows} rows: every ${site.unitWord.replace(/s$/, "")} through every expert`,
    };
  },
  lower: (g, call) => {
    const parts = call.groups.map((group) => denseGroup(g, call, group));
    return g.within({ role: "experts.combine" }, () => sumOf(g, parts, call.x));
  },
});
