/** Only the experts in the table row of the token id may be chosen; all others have score −∞. */
import { mul } from "../../3-graph/expr-build.js";
import { defineRule } from "../rule.js";

export const table = defineRule({
  slot: "mask",
  name: "table",
  doc: "Only the experts in the table row of the token id may be chosen; all others have score −∞.",
  example: "mask Visible[token_id]",
  params: [],
  indexed: true,
  clauses: [],
  needs: ["ids"],
  facts: ({ table }, { tables }) => {
    const tiers = tables[String(table)]?.tiers ?? [];
    if (tiers.length === 0) return { table: String(table) };
    return {
      table: String(table),
      legalPerUnit: Math.max(...tiers.map((tier) => tier.sees)),
      someRoutesKnown: tiers.some((tier) => tier.sees === 1),
    };
  },
  build(site, state, args) {
    const { g } = site;
    const seen = g.within({ role: "router.legal" }, () =>
      g.take(site.table(String(args.table), "visible"), site.ids()),
    );
    if (state.legal === undefined) return { ...state, legal: seen };
    return { ...state, legal: g.map([state.legal, seen], (a, b) => mul(a, b)) };
  },
});
