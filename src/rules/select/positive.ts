/** Every expert whose gate is larger than 0. */
import { lt } from "../../3-graph/expr-build.js";
import { bestWhere } from "../meaning.js";
import { defineRule } from "../rule.js";

export const positive = defineRule({
  slot: "select",
  name: "positive",
  doc: "Every expert whose gate is larger than 0.",
  example: "select positive",
  params: [],
  clauses: [],
  needs: ["gate"],
  build: (site, state) => ({ ...state, edges: bestWhere(site, state, (gate) => lt(0, gate), undefined) }),
  facts: (_, { experts }) => ({ edgesPerUnit: experts }),
});
